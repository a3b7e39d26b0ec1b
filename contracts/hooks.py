"""For Schemathesis' own command: real files in forms, sizes without end, and our checks."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, openapi

from contracts.cases.forms import accepted_as_sent, dressed
from contracts.document.formats import teach


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:  # noqa: ARG001
    """Have sizes of each format that the document names."""
    teach(raw_schema, lambda name, sizes: openapi.format(name, st.sampled_from(sizes)))


@schemathesis.hook
def before_call(context: Any, case: Case[Any], kwargs: dict[str, Any]) -> None:  # noqa: ARG001
    """Put real files in the place of generated ones."""
    case.body = dressed(case).body


schemathesis.check(accepted_as_sent)
