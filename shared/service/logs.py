"""How logs are written: JSON lines on standard error."""

import logging
import sys

import structlog


def configure_logging(level: str = "INFO") -> None:
    """Write logs as JSON lines on standard error, library warnings among them."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    logging.getLogger("asyncpg.pool").setLevel(
        logging.ERROR
    )  # a traceback per try while the database is away
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
