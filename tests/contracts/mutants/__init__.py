"""Deliberate defects of a server, each of which a run of the contract must find. Tests nothing."""

from __future__ import annotations

from tests.contracts.mutants import beside, bodies, errors, heads, pictures, readings, streams
from tests.contracts.mutants.altering import Defect

#: By name: the defect, and what the sentences of the promises that it breaks have in common, as a
#: regular expression: one of them at least must be broken, so that no defect is found by luck.
MUTANTS: dict[str, tuple[Defect, str]] = (
    bodies.MUTANTS
    | beside.MUTANTS
    | errors.MUTANTS
    | heads.MUTANTS
    | pictures.MUTANTS
    | readings.MUTANTS
    | streams.MUTANTS
)
