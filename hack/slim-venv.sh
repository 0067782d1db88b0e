#!/bin/sh
# Takes out of a virtual environment what is not needed to run: debug symbols, tests, sources of compiled parts, activation scripts.
# For image builds. usage: slim-venv.sh VENV
set -eu
venv=$1
packages=$(echo "$venv"/lib/python3*/site-packages)

find "$packages" -type f -name '*.so*' -exec strip --strip-unneeded {} +
find "$packages" -type d \( -name tests -o -name testing -o -name testdata -o -name _testbase \) -prune -exec rm -r {} +
find "$packages" -type f \( -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.hpp' -o -name '*.px[di]' -o -name '*.pyx' \
  -o -name '*.pyi' -o -name '*.proto' -o -path '*.dist-info/RECORD' \) -delete
find "$venv/bin" -name 'activate*' -delete
rm -f "$venv"/bin/*.bat

# Of SQLAlchemy, which only migrations use, the bytecode alone is kept: half of its sources is documentation.
if [ -d "$packages/sqlalchemy" ]; then
  "$venv/bin/python" -m compileall -q -b "$packages/sqlalchemy"
  find "$packages/sqlalchemy" -name '*.py' -delete
fi
