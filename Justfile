# One-word commands: `pip install '.[test,packaging]'` brings `just`. What CI does is `.ci/run` alone.
# Each of them runs what is in the environment; none makes one.

# What there is
default:
    @just --list --unsorted

# The tests; further words are pytest's, as in `just test -n 0 tests/test_rules.py`
test *WORDS:
    pytest {{WORDS}}

# Formats, and mends what can be mended by itself
format:
    ruff format .
    ruff check --fix .

# Format, lint and import rules, as CI looks at them
lint:
    ruff format --check .
    ruff check .
    lint-imports

# Types (minutes)
types:
    mypy

# All that CI does, in environments of its own (about 20 minutes)
ci:
    .ci/run

# Wheel and sdist in dist/, and what their checkers say
build:
    rm -rf dist
    python -m hatchling build
    twine check --strict dist/*
    check-wheel-contents dist/*.whl

# Writes anew what is made of facts and answers
made:
    python -m contracts.document
    python -m tests.frozen
    images-mock explain --markdown > docs/evidence.md

# Runs the server
serve *FLAGS:
    images-mock {{FLAGS}}
