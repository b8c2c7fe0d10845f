"""The ledger as files for anyone's transparency-log tools (C2SP tlog-tiles), for those who are signed in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from annexa.answers.store import tiles
from annexa.pure.tiles import TileError, parse_tile_path
from annexa.vault.tiles import TileMissingError

FOREVER = "private, max-age=31536000, immutable"


def checkpoint(_request: HttpRequest) -> HttpResponse:
    """The signed root last published."""
    try:
        return HttpResponse(tiles().read_checkpoint(), content_type="text/plain; charset=utf-8")
    except TileMissingError as error:
        raise Http404(str(error)) from error


def tile(_request: HttpRequest, name: str) -> HttpResponse:
    """A tile of hashes or a bundle of entries."""
    try:
        asked = parse_tile_path(f"tile/{name}")
        if asked.level == "entries":
            data = tiles().read_entries(asked.n, asked.width)
        else:
            data = tiles().read_tile(asked.level, asked.n, asked.width)
    except (TileError, TileMissingError) as error:
        raise Http404(str(error)) from error
    return HttpResponse(data, content_type="application/octet-stream", headers={"Cache-Control": FOREVER})


urls = [
    path(".well-known/annexa/ledger/checkpoint", checkpoint, name="public-checkpoint"),
    path(".well-known/annexa/ledger/tile/<path:name>", tile, name="public-tile"),
]
