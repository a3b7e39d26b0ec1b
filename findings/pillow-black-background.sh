#!/usr/bin/env bash
# Pillow saves two kinds of transparent picture as opaque black without a word: a GIF of a picture with
# sixteen or more levels of alpha, and an animated WebP whose frames show solid things on a clear ground.
# Packages: Pillow==13.0.0 (PyPI)
# Seen: 2026-11-28
# Output:
#   GIF, 8 levels of alpha: mode P, a clear corner comes back as (0, 0, 0, 0)
#   GIF, 16 levels of alpha: mode P, a clear corner comes back as (0, 0, 0, 255)
#   GIF, 256 levels of alpha: mode P, a clear corner comes back as (0, 0, 0, 255)
#   WebP, one frame: mode RGBA, a clear corner comes back as (0, 0, 0, 0)
#   WebP, two frames: mode RGB, a clear corner comes back as (0, 0, 0)
# Matters: pictures asked for with background=transparent have soft rims and shadows, so their GIFs are
# black; and frames put together from cut-out pictures lose the alpha flag of the whole WebP (lossless
# too), which decoders that read the flag then show on black, while browsers show it clear.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet Pillow==13.0.0
"$dir/venv/bin/python" - <<'EOF' | tee "$dir/seen"
import io
from PIL import Image

def tell(name, pictures, file_format, **options):
    file = io.BytesIO()
    pictures[0].save(file, file_format, **options)
    back = Image.open(file)
    back.load()
    corner = (back.convert("RGBA") if back.mode == "P" else back).getpixel((0, 0))
    print(f"{name}: mode {back.mode}, a clear corner comes back as {corner}")

def ramp(levels):
    """From clear at the left to solid black at the right, in so many steps."""
    picture = Image.new("RGBA", (256, 16))
    for x in range(256):
        alpha = (x * levels // 256) * 255 // (levels - 1)
        picture.paste((0, 0, 0, alpha), (x, 0, x + 1, 16))
    return picture

def cut_out(x):
    picture = Image.new("RGBA", (32, 32))
    picture.paste((255, 0, 0, 255), (x, 8, x + 8, 16))
    return picture

for levels in (8, 16, 256):
    tell(f"GIF, {levels} levels of alpha", [ramp(levels)], "GIF")
frames = [cut_out(8), cut_out(16)]
tell("WebP, one frame", frames, "WEBP", lossless=True)
tell("WebP, two frames", frames, "WEBP", lossless=True, save_all=True, append_images=frames[1:])
EOF
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
