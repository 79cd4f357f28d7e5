# shellcheck shell=bash
# update-series.sh - pairs of neighbouring releases of real programs, for the benchmarks of updates; sourced after lib.sh.
#
#   update_series              prints the names, a line each
#   update_series_trees NAME   makes a series where it is not there, and prints NAME, the directory of its older tree and
#                              that of its newer one, with tabs between
#
# Wheels come from PyPI (pip download) and packages from Debian (apt-get download, else snapshot.debian.org, which
# keeps every build); each is pinned by version and SHA-256. They and the unpacked trees stay in
# ${XDG_CACHE_HOME:-~/.cache}/gtach/series. The series are of x86-64 on every machine, so that numbers can be compared.

# shellcheck disable=SC2154
series_cache=$cache/series

update_series() { printf '%s\n' application-code application-numpy gpiozero libssl3 opencv pillow; }

# Python wheels: the SHA-256, then the requirement.
series_wheels() {
  cat <<'END'
9af00b90d4fa775aa1fc023363e4aa5539844a5b0c461be5ced5cfabba364d99 gpiozero==1.6.2
a103ff70c96f333841480fe1b1dbb8bc869438805ed291bf0b8bf7c95d3b915d gpiozero==2.0
f25e2811a9c932e43943a2615e65fc487a0b6b49218899e62e426e7f0a57eeda numpy==1.26.3
666dbfb6ec68962c033a450943ded891bed2d54e6755e35e5835d63f4f6931d5 numpy==1.26.4
976656362d68d9f40a5c66f83901430538002465f7db59142784f3893918f3df opencv-python-headless==4.9.0.80
377d08a7e48a1405b5e84afcbe4798464ce7ee17081c1c23619c8b398ff18295 opencv-python-headless==4.10.0.84
9797a6c8fe16f25749b371c02e2ade0efb51155e767a971c61734b1bf6293994 pillow==10.3.0
5e84b6cc6a4a3d76c153a6b19270b3526a5a8ed6b09501d3af891daa2a9de7d6 pillow==10.4.0
ce8cc108b92de9b149b344ad2e25eedbe773af0dc41dfb24d1f07f679b558c60 pygame==2.6.1
f90d1e61cb6945ad55bd1cb2a4a13ca6f1a3850a31c173dce3a739df9b024b8f pgzero==1.2
734e1de1a99804c2610f90aa419411fc2b31200b9d683b6c9fc710c7a8e36606 pgzero==1.2.1
END
}

# Debian packages: the SHA-256, the SHA-1 (their name at snapshot.debian.org), then package=version.
series_debs() {
  cat <<'END'
89be24b41bff568ee6e7caf5680a3d808e80315ed92e407056ce0fa7a5bda025 284281e265adcb7aad5f0d465ab391f7336da132 libssl3=3.0.20-1~deb12u2
cb4784740daa9b3b0eaea2b444bbefa686794afbbf3d678d238c1fd9875f2efd 9646c07cf15db75bb019e7aa9bdfda2961f9addf libssl3=3.0.22-1~deb12u2
END
}

# The contents of the older and of the newer tree, a line each.
series_contents() {
  case $1 in
    application-code) printf '%s\n' 'pgzero==1.2 pygame==2.6.1 numpy==1.26.3' 'pgzero==1.2.1 pygame==2.6.1 numpy==1.26.3' ;;
    application-numpy) printf '%s\n' 'pgzero==1.2 pygame==2.6.1 numpy==1.26.3' 'pgzero==1.2 pygame==2.6.1 numpy==1.26.4' ;;
    gpiozero) printf '%s\n' gpiozero==1.6.2 gpiozero==2.0 ;;
    libssl3) printf '%s\n' 'libssl3=3.0.20-1~deb12u2' 'libssl3=3.0.22-1~deb12u2' ;;
    opencv) printf '%s\n' opencv-python-headless==4.9.0.80 opencv-python-headless==4.10.0.84 ;;
    pillow) printf '%s\n' pillow==10.3.0 pillow==10.4.0 ;;
    *) die "there is no series \"$1\": $(update_series | tr '\n' ' ')" ;;
  esac
}

series_verified() { [ -f "$1" ] && printf '%s  %s\n' "$2" "$1" | (sha256sum -c 2>/dev/null || shasum -a 256 -c) >/dev/null 2>&1; }

# Downloads one pinned file where it is not there; prints its path.
series_file() {
  local sha256 sha1='' line file work
  line=$({ series_wheels; series_debs; } | grep -F -- " $1" | grep -E -- " $(printf '%s' "$1" | sed 's/[.~+]/\\&/g')\$") ||
    die "\"$1\" is not pinned"
  read -r sha256 sha1 _ <<<"$line"
  file=$series_cache/files/$sha256
  if ! series_verified "$file" "$sha256"; then
    mkdir -p "$series_cache/files"
    work=$(scratch new "$series_cache/files")
    note "downloading $1"
    case $1 in
      *==*)
        python3 -m pip --quiet --disable-pip-version-check --no-input download --no-deps --only-binary :all: \
          --implementation cp --python-version 3.11 --platform manylinux2014_x86_64 --dest "$work" "$1" >&2 ;;
      *)
        (cd "$work" && apt-get -qq download "${1%%=*}:amd64=${1#*=}" >/dev/null 2>&1) ||
          curl --silent --show-error --fail --location --output "$work/package" "https://snapshot.debian.org/file/$sha1" ;;
    esac || die "could not download $1"
    mv "$work"/* "$file"
    rmdir "$work"
    series_verified "$file" "$sha256" || die "$1 is not what was pinned: its SHA-256 is another than $sha256"
  fi
  printf '%s\n' "$file"
}

# Unpacks what the second and later arguments name into a directory.
series_unpack() {
  local tree=$1 item file
  shift
  for item in "$@"; do
    file=$(series_file "$item") || return
    case $item in
      *==*) (umask 022 && python3 -m zipfile -e "$file" "$tree") ;;
      *) dpkg-deb -x "$file" "$tree" ;;
    esac || return
  done
}

update_series_trees() {
  local directory hash new older newer
  { read -r older; read -r newer; } <<<"$(series_contents "$1")"
  hash=$({ series_wheels; series_debs; series_contents "$1"; } | (sha256sum 2>/dev/null || shasum -a 256) | cut -c1-12)
  directory=$series_cache/$1-$hash
  if [ ! -d "$directory" ]; then
    mkdir -p "$series_cache"
    new=$(scratch "${directory##*/}" "${directory%/*}")
    mkdir "$new/old" "$new/new"
    # shellcheck disable=SC2086
    if ! series_unpack "$new/old" $older || ! series_unpack "$new/new" $newer; then die "could not make the series $1"; fi
    # Another process may have been faster: then its trees are as good.
    if [ -d "$directory" ]; then rm -rf "$new"; else mv "$new" "$directory"; fi
  fi
  printf '%s\t%s\t%s\n' "$1" "$directory/old" "$directory/new"
}
