from django.contrib import admin

from .models import Commit, Folder, Repository

admin.site.register(Repository)


@admin.register(Folder)
class FolderAdmin(admin.ModelAdmin):
    list_display = ["path", "repository"]
    list_select_related = ["repository"]
    list_filter = ["repository"]
    search_fields = ["path"]


@admin.register(Commit)
class CommitAdmin(admin.ModelAdmin):
    list_display = ["short_sha", "subject", "author", "committed_at"]
    list_select_related = ["author"]
    search_fields = ["sha", "subject"]
    autocomplete_fields = ["author", "folders"]
    date_hierarchy = "committed_at"
