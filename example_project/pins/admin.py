from django.contrib import admin

from .models import Board, Comment, Item, Love, Pin


@admin.register(Board)
class BoardAdmin(admin.ModelAdmin):
    list_display = ["name", "owner", "created_at"]
    search_fields = ["name", "owner__username"]
    list_select_related = ["owner"]
    autocomplete_fields = ["owner"]


@admin.register(Item)
class ItemAdmin(admin.ModelAdmin):
    list_display = ["title", "category", "source_url"]
    list_filter = ["category"]
    search_fields = ["title"]


@admin.register(Pin)
class PinAdmin(admin.ModelAdmin):
    list_display = ["item", "user", "board", "created_at"]
    list_select_related = ["item", "user", "board"]
    search_fields = ["item__title", "user__username", "comment"]
    autocomplete_fields = ["user", "item", "board"]
    raw_id_fields = ["via"]
    date_hierarchy = "created_at"


@admin.register(Love)
class LoveAdmin(admin.ModelAdmin):
    list_display = ["pin", "user", "created_at"]
    list_select_related = ["pin__item", "user"]
    raw_id_fields = ["user", "pin"]
    date_hierarchy = "created_at"


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    list_display = ["text", "user", "pin", "created_at"]
    list_select_related = ["pin__item", "user"]
    search_fields = ["text", "user__username"]
    raw_id_fields = ["user", "pin", "parent"]
    date_hierarchy = "created_at"
