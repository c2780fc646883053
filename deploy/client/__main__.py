"""Post a file of figures: `KAFKA_PASSWORD=... python -m client figures.csv ...`."""

import argparse
import asyncio
import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .faults import ClientError
from .figures import OutgoingFigure
from .kafka import Receipts, chunks, connected
from .reading import read_figures

CHUNK = 200


def main() -> None:
    """Post the file that the command line names, and tell what became of it."""
    parser = argparse.ArgumentParser(description="Post figures from a CSV file over Kafka.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--publisher", required=True, help="organisation number")
    parser.add_argument("--bootstrap", required=True, help="host:port of Kafka")
    parser.add_argument("--authority", required=True, help="file with Kafka's certificate")
    told = parser.parse_args()
    options = {
        "bootstrap_servers": told.bootstrap,
        "security_protocol": "SASL_SSL",
        "ssl_context": ssl.create_default_context(cafile=told.authority),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": told.publisher,
        "sasl_plain_password": os.environ["KAFKA_PASSWORD"],
    }
    try:
        figures = read_figures(told.file, publisher=told.publisher)
        receipts = asyncio.run(_post_all(options, told.publisher, figures))
    except ClientError as error:
        sys.exit(str(error))
    sys.stdout.write(f"{len(receipts.accepted)} accepted, {len(receipts.rejected)} rejected\n")
    for figure_id, receipt in receipts.rejected.items():
        sys.stdout.write(f"{figure_id}: {receipt['code']}: {receipt['message']}\n")
    sys.exit(1 if receipts.rejected else 0)


async def _post_all(
    options: Mapping[str, Any], publisher: str, figures: Sequence[OutgoingFigure]
) -> Receipts:
    answers = Receipts()
    async with connected(options, publisher) as client:
        for chunk in chunks(figures, CHUNK):
            await client.post(chunk)
        async for so_far in client.receipts(figures):
            answers = so_far
    return answers


if __name__ == "__main__":
    main()
