"""Who may import whom inside the package: down the page only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import django_feeds

PACKAGE = Path(django_feeds.__file__).parent

# From the bottom up. A module may import those of its own layer and of the layers above it in this list.
LAYERS: list[tuple[str, set[str]]] = [
    (
        "words: plain values and pure functions",
        {
            *("activity", "aggregators", "conf", "cursors", "exceptions", "groups", "ids", "owners"),
            *("serializers", "signals", "verbs"),
        },
    ),
    ("models: rows", {"deadlocks", "fields", "models", "querysets", "migrations"}),
    ("storage: where feeds are kept", {"storage"}),
    ("hydration: from ids to activities", {"commits", "hydration", "recipients", "records"}),
    ("feeds: what a feed is", {"feeds"}),
    (
        "which feed, from which model, to whom, push or pull",
        {
            "delivery",
            "filling",
            "following",
            "forgetting",
            "graph",
            "groupings",
            "mentions",
            "preferences",
            "reader",
            "refills",
            "rebuilding",
            "registry",
            "sources",
        },
    ),
    ("tasks: later, elsewhere", {"tasks"}),
    ("managers: what happens", {"managers"}),
    (
        "edges: translate and present",
        {
            *("admin", "apps", "buttons", "checks", "digests", "management", "metrics", "notices", "policies"),
            *("receivers", "rendering", "sentences"),
            *("templatetags", "testing", "urls", "views"),
        },
    ),
]
RANKS = {part: rank for rank, (_name, parts) in enumerate(LAYERS) for part in parts}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def part_of(module: str) -> str:
    """`django_feeds.storage.memory` belongs to the part `storage`."""
    return module.split(".")[1]


def module_of(path: Path) -> str:
    parts = ("django_feeds", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of each import of the package's own, also inside functions, not of types alone."""
    tree = ast.parse(path.read_text())
    types_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        for statement in block.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) not in types_only:
            for module in imported(node, path):
                if module.startswith("django_feeds."):
                    yield node.lineno, module


def imported(node: ast.AST, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = module_of(path).split(".")
        if path.name != "__init__.py":
            package.pop()
        package = package[: len(package) - node.level + 1]
        base = ".".join([*package, *filter(None, [node.module])])
    # `from django_feeds import storage` names modules, not the package.
    return [f"{base}.{alias.name}" for alias in node.names] if base == "django_feeds" else [base]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_module_imports_nothing_from_above(path):
    part = part_of(module_of(path))
    assert part in RANKS, f"{part!r} is in no layer: add it to LAYERS in {Path(__file__).name}."

    upward = [
        f"{path.relative_to(PACKAGE.parent)}:{line} imports {module}"
        for line, module in imports(path)
        if RANKS.get(part_of(module), 0) > RANKS[part]
    ]

    assert not upward, "An arrow points up the page:\n" + "\n".join(upward)


def test_the_package_itself_imports_nothing_of_its_own():
    assert not list(imports(PACKAGE / "__init__.py"))


def test_an_import_inside_a_function_is_seen(tmp_path):
    source = tmp_path / "django_feeds" / "storage" / "base.py"
    source.parent.mkdir(parents=True)
    source.write_text("def late():\n    import django_feeds.views\n    from django_feeds import tasks\n")

    assert list(imports(source)) == [(2, "django_feeds.views"), (3, "django_feeds.tasks")]
