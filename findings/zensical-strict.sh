#!/usr/bin/env bash
# `zensical build --strict` finds no issue in a page of the navigation that does not exist, in a picture or a file that
# is missing, and in a page that no one can reach; MkDocs ends with 1 for each, from the same mkdocs.yml.
# Packages: zensical==0.0.73, mkdocs==1.6.1 (PyPI)
# Seen: 2026-11-29, Python 3.11
# Output:
#   good: zensical 0, mkdocs 0
#   a link to no page: zensical 1, mkdocs 1
#   a link to no heading: zensical 1, mkdocs 1
#   a link to no file: zensical 0, mkdocs 1; No issues found
#   a picture that is missing: zensical 0, mkdocs 1; No issues found
#   a page of the navigation that is missing: zensical 0, mkdocs 1; No issues found
#     made by zensical: href="./gone.md"
#   a page that is not in the navigation: zensical 0, mkdocs 1; No issues found
# Matters: it reads the other's configuration, the keys of `validation` too, so a move changes one line of the CI, and
# that stays green: a page that is renamed leaves a dead entry in every page's navigation. Look for the files that
# `nav` and `src` name in a test of one's own.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet zensical==0.0.73 mkdocs==1.6.1
build() {
  local zensical=0 mkdocs=0
  rm -rf "$dir/docs" "$dir/site"
  mkdir "$dir/docs"
  printf '# A\n\n[b](b.md#there)\n%s\n' "$2" > "$dir/docs/index.md"
  printf '# B\n\n## There\n' > "$dir/docs/b.md"
  printf '# C\n' > "$dir/docs/c.md"
  cat > "$dir/mkdocs.yml" <<END
site_name: Pictures
validation: {links: {anchors: warn, not_found: warn}, nav: {omitted_files: warn, not_found: warn}}
nav: [index.md, b.md$3]
END
  (cd "$dir" && venv/bin/mkdocs build --strict --site-dir other > other.out 2>&1) || mkdocs=$?
  (cd "$dir" && venv/bin/zensical build --strict --clean > out 2>&1) || zensical=$?
  printf '%s: zensical %s, mkdocs %s' "$1" "$zensical" "$mkdocs"
  if [ "$zensical" != "$mkdocs" ]; then
    printf '; %s' "$(grep -o 'No issues found' "$dir/out")"
  fi
  printf '\n'
}
{
  build "good" "" ", c.md"
  build "a link to no page" "[x](gone.md)" ", c.md"
  build "a link to no heading" "[x](b.md#gone)" ", c.md"
  build "a link to no file" "[x](gone.txt)" ", c.md"
  build "a picture that is missing" "![x](gone.png)" ", c.md"
  build "a page of the navigation that is missing" "[c](c.md)" ", c.md, gone.md"
  printf '  made by zensical: %s\n' "$(grep -o 'href="[^"]*gone[^"]*"' "$dir/site/index.html" | sort -u)"
  build "a page that is not in the navigation" "" ""
} | tee "$dir/seen"
diff <(sed -n 's/^#   //p' "$0") "$dir/seen"
