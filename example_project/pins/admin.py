from django.contrib import admin

from .models import Board, Item, Pin


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
