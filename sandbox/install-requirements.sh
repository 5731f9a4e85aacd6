#!/bin/sh
# Installs requirements.txt below /usr/local, in a build stage that is thrown away but for that folder.
set -eu
cd /sandbox-build/requirements
[ -s requirements.txt ] || exit 0

hashes=''
if grep -q -- '--hash[ =]' requirements.txt; then hashes=--require-hashes; fi

pip_install() {
  # Debian's own packages count as installed. Nobody answers questions, and an index that is away is not waited for long.
  python3 -m pip install --break-system-packages --root-user-action ignore --no-cache-dir --no-input \
    --disable-pip-version-check --retries 1 --timeout 20 $hashes "$@" --requirement requirements.txt
}

install_debian() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }

for variable in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST; do
  eval "[ -n \"\${$variable:-}\" ]" || unset "$variable"
done
python3 -m pip --version >/dev/null 2>&1 || install_debian ca-certificates python3-pip

wheels=''
if [ -d wheels ]; then
  wheels='--find-links wheels'
  if pip_install --no-index $wheels; then exit; fi
  echo 'The folder wheels does not have everything: the index is asked for the rest.'
  # A package of the index must not replace a wheel that is there, because its version is higher.
  if [ -z "$hashes" ]; then
    for wheel in wheels/*.whl; do
      name=${wheel##*/}
      rest=${name#*-}
      echo "${name%%-*}==${rest%%-*}"
    done | sort -u >/sandbox-build/constraints.txt
    wheels="$wheels --constraint /sandbox-build/constraints.txt"
  fi
fi
if pip_install --only-binary :all: $wheels; then exit; fi
echo 'There is no wheel for something: it is built from its source.'
install_debian build-essential python3-dev
pip_install $wheels
