"""The contracts as documents: JSON Schema of every event, AsyncAPI 3, OpenAPI 3.1, all generated
from the code.

`python -m deploy.contracts` writes `docs/contracts/`. The output depends on the code alone, so a
test can compare.
"""
