"""Uploads that are too large are refused while they arrive, not after the disk is full."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

FORM_BYTES = 64 * 1024
"""What a form's other fields may take beside its file."""


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


def refusal(request: Any) -> str:
    """The sentence for an upload that was stopped; "" if none was."""
    size = getattr(request, "upload_refused", 0)
    if not size:
        return ""
    most = settings.UPLOAD_LIMIT_BYTES // (1024 * 1024)
    return f"The file has {size / (1024 * 1024):,.0f} MiB; at most {most:,} MiB are taken. Nothing was kept."
