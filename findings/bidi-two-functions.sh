#!/usr/bin/env bash
# python-bidi has two functions of one name that put a right-to-left caption differently: bidi.get_display
# leaves brackets facing the wrong way, bidi.algorithm.get_display turns them but splits bracketed words.
# Packages: python-bidi==0.6.12 (PyPI)
# Seen: 2026-11-28
# Output:
#   AB (CD): bidi.get_display )DC( BA, bidi.algorithm.get_display (DC) BA
#   AB (cd) 1: bidi.get_display 1 )cd( BA, bidi.algorithm.get_display cd) 1) BA
#   a (B) C: bidi.get_display a (B) C, bidi.algorithm.get_display a (C (B
#   A (b[c]) D: bidi.get_display D )b[c]( A, bidi.algorithm.get_display D ([b[c) A
# Matters: programs that write captions into pictures (or draw placeholder pictures of a prompt) call one
# of the two by the import they found in an example; neither is the whole of UAX #9, so only an order
# by bidi.get_display with its mirrored signs turned afterwards reads right.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet python-bidi==0.6.12
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import bidi, bidi.algorithm

# Hebrew letters are told as capitals A, B, C …, so that the lines read the same in every terminal.
HEBREW = {ord("A") + i: 0x05D0 + i for i in range(26)}
LATIN = {new: old for old, new in HEBREW.items()}
for text in ("AB (CD)", "AB (cd) 1", "a (B) C", "A (b[c]) D"):
    logical = text.translate(HEBREW)
    orders = (display(logical).translate(LATIN) for display in (
        bidi.get_display, bidi.algorithm.get_display))
    print(f"{text}: bidi.get_display {next(orders)}, bidi.algorithm.get_display {next(orders)}")
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
