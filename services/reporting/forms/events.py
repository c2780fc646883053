"""What is told of forms."""

from services.reporting.forms.store import PublishedForm
from shared.events.envelope import derived_id
from shared.events.reporting import FormPublished


def published_event(form: PublishedForm) -> FormPublished:
    """Return the event of a new version."""
    return FormPublished(
        event_id=derived_id("FormPublished", form.form_id, form.version),
        occurred_at=form.published_at,
        form_id=form.form_id,
        version=form.version,
        report_kind=form.report_kind,
        valid_for=dict(form.valid_for),
        names=dict(form.names),
        digest=form.digest,
    )
