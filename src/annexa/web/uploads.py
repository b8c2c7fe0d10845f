"""Uploads: too large ones are refused while they arrive; kept ones have an address that nobody can make up."""

from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings
from django.core import signing
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import FileResponse, Http404
from django.utils.http import content_disposition_header

FORM_BYTES = 64 * 1024
"""What a form's other fields may take beside its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was uploaded to be looked at first: what for, its digest in the vault, the name it came under."""

    what: str
    sha256: str
    name: str

    def token(self) -> str:
        """The last part of its preview's address; signed, so that no other bytes of the vault can be asked for."""
        return signing.dumps({"sha256": self.sha256, "name": self.name}, salt=_salt(self.what), compress=True)

    @classmethod
    def of(cls, token: str, *, what: str) -> "Upload":
        """The upload an address speaks of. Raises Http404."""
        try:
            return cls(what=what, **signing.loads(token, salt=_salt(what)))
        except signing.BadSignature as error:
            raise Http404("There is no such upload.") from error


def _salt(what: str) -> str:
    return f"annexa.{what}.import"


class LimitedUploadHandler(FileUploadHandler):
    """Stops keeping a request's file at the upload limit; the form then says so.

    The fields that came before the file, the CSRF token among them, are still read.
    """

    announced = 0
    received = 0

    def handle_raw_input(
        self, input_data: Any, META: dict[str, str], content_length: int, boundary: str, encoding: str | None = None
    ) -> None:
        """Notes the announced length of the whole body."""
        self.announced = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuses by the announced length before a byte of the file is kept."""
        super().new_file(*args, **kwargs)
        if self.announced > settings.UPLOAD_LIMIT_BYTES + FORM_BYTES:
            self._refuse(self.announced)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Counts what arrives, whatever was announced."""
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_LIMIT_BYTES:
            self._refuse(self.received)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leaves keeping the file to the next handler."""

    def _refuse(self, size: int) -> None:
        if self.request is not None:
            self.request.upload_refused = size  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=False)


def saved(stream: BinaryIO, name: str) -> FileResponse:
    """The bytes somebody uploaded, always to save and never to show: what hides in them must not run here."""
    answer = FileResponse(stream, content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=name) or "attachment"
    )
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def refusal(request: Any) -> str:
    """The sentence for an upload that was stopped; "" if none was."""
    size = getattr(request, "upload_refused", 0)
    if not size:
        return ""
    most = settings.UPLOAD_LIMIT_BYTES // (1024 * 1024)
    return f"The file has {size / (1024 * 1024):,.0f} MiB; at most {most:,} MiB are taken. Nothing was kept."
