"""The first page: what there is, as a tree of folders and files, each with its outermost definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import Edition, Source
from .escape import escaped

MOST_NAMES = 12
_Folder = dict[str, "Source | _Folder"]


def contents(edition: Edition, names: Mapping[str, str]) -> str:
    """The main part of the first page; `names`: the page of each file."""
    tree: _Folder = {}
    for source in edition.sources:
        *folders, file = source.path.split("/")
        at = tree
        for folder in folders:
            below = at.setdefault(f"{folder}/", {})
            at = below if isinstance(below, dict) else {}
        at[file] = source
    glosses = [gloss for source in edition.sources for gloss in source.glosses]
    explained = sum(bool(gloss.text) for gloss in glosses)
    said = f"{_counted(len(edition.sources), 'file')}, {_counted(len(glosses), 'definition')}, {explained} explained"
    return f'<h1>{escaped(edition.title)}</h1>\n<p class="lead">{said}</p>\n{_folder(tree, names)}'


def _folder(tree: _Folder, names: Mapping[str, str]) -> str:
    """Files first, then folders: what stands near comes before what is deeper."""
    files = [_file(name, each, names) for name, each in sorted(tree.items()) if isinstance(each, Source)]
    folders = [
        f'<li class="folder"><span class="name">{escaped(name)}</span>\n{_folder(each, names)}</li>\n'
        for name, each in sorted(tree.items())
        if isinstance(each, dict)
    ]
    return f'<ul class="tree">\n{"".join(files + folders)}</ul>\n'


def _file(name: str, source: Source, names: Mapping[str, str]) -> str:
    count = len(source.glosses)
    explained = sum(bool(gloss.text) for gloss in source.glosses)
    told = f"{explained} of {count}" if explained < count else str(count)
    return (
        f'<li class="file"><a href="{names[source.path]}">{escaped(name)}</a>'
        f'<span class="leader"></span><span class="number">{told}</span>{_outermost(source)}</li>\n'
    )


def _outermost(source: Source) -> str:
    every = dict.fromkeys(gloss.symbol.name for gloss in source.glosses if len(gloss.symbol.path) == 1)
    outer = [name for name in every if not name.startswith("_")] or list(every)  # what others may use says more
    if not outer:
        return ""
    more = " …" if len(outer) > MOST_NAMES else ""
    return f'<p class="names">{", ".join(map(escaped, outer[:MOST_NAMES]))}{more}</p>'


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def foot(model: str, around: Sequence[tuple[str, str, str]] = ()) -> str:
    """The foot of a page: the pages before and behind (word, name, address), and what to believe of all this."""
    ways = "".join(
        f'<a rel="{rel}" href="{address}">{"← " * (rel == "prev")}{escaped(name)}{" →" * (rel == "next")}</a>\n'
        for rel, name, address in around
    )
    nav = f'<nav aria-label="Pages before and behind" class="around">\n{ways}</nav>\n' if ways else ""
    by = f"Explanations by {escaped(model)}, a model on its reader’s own machine: they may be wrong. " if model else ""
    return f"{nav}<p>{by}Facts, colours and links are read off the code. Made by Glossator.</p>\n"
