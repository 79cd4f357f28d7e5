#!/usr/bin/env bash
# check-purity.sh - holds the targets to the house's rules, and itself to being able to fail.
#
#   scripts/check-purity.sh [DIRECTORY]     a checkout; this one by default
#
# - Decisions are values: GtachModel, GtachWire, GtachCore, GtachSimulator and GtachCommand know no clock, no randomness but a
#   generator that is handed in (`using:` on the same line), no file, socket, process, environment or print.
# - Every target imports, and depends in Package.swift on, only what `allowed` lists. C and the kernel are seen by
#   GtachSystem only.
# - Only GtachModel/JSONReading.swift calls Foundation's JSONDecoder, which in 6.0 ends the process on some bad input.
# - No tracked file names a path of the machine that it was written on.
#
# First it checks small snippets that each break one rule, and one that breaks none. It reads lines, without
# comments and the contents of string literals; code inside a string's interpolation escapes it.
set -eu
. "$(dirname "$0")/lib.sh"

pure='GtachModel GtachWire GtachCore GtachCommand GtachSimulator'

# The modules that a target may see.
allowed() {
  case $1 in
    C*) ;;
    GtachModel) echo FoundationEssentials Foundation ;;
    GtachWire | GtachCommand) echo GtachModel FoundationEssentials Foundation ;;
    GtachCore) echo GtachModel GtachWire FoundationEssentials Foundation ;;
    GtachSimulator) echo GtachModel GtachCore ;;
    gtach-simulate) echo GtachSimulator Glibc Darwin ;;
    GtachSystem)
      echo GtachModel FoundationEssentials Foundation Synchronization Glibc Darwin Dispatch \
        CArchive CDNSSD CGPIOD COpenSSL CSQLite CSystem CZstd ;;
    GtachNode) echo GtachModel GtachWire GtachCore GtachSystem FoundationEssentials Foundation Synchronization ;;
    gtach) echo GtachModel GtachCommand GtachNode GtachSystem Synchronization Glibc Darwin ;;
    GtachSystemTests)
      echo GtachModel GtachSystem Testing FoundationEssentials Foundation Synchronization Glibc Darwin Dispatch \
        CArchive CDNSSD CGPIOD COpenSSL CSQLite CZstd ;;
    *Tests)
      echo GtachModel GtachWire GtachCore GtachCommand GtachSimulator GtachSystem GtachNode gtach Testing FoundationEssentials \
        Foundation Synchronization Glibc Darwin ;;
    *) echo "check-purity.sh: no rule says what $1 may see" >&2 ;;
  esac
}

allows() { case " $(allowed "$1") " in *" $2 "*) return 0 ;; *) return 1 ;; esac; }

# What pure code may not say, one extended regular expression a line: B stands before a word, F before a function of C
# or the standard library's, which a method of the same name is not.
impure() {
  sed 's/^B/(^|[^[:alnum:]_])/; s/^F/(^|[^[:alnum:]_.])/' <<'END'
B(Date\(\)|Date\.now|Date\(timeIntervalSinceNow|Date\.timeIntervalSinceReferenceDate)
B(ContinuousClock|SuspendingClock|DispatchTime|DispatchQueue|ProcessInfo|CFAbsoluteTimeGetCurrent)
B(SystemRandomNumberGenerator|UUID\(\)|arc4random[a-z_]*|getrandom|getentropy)
B(FileManager|FileHandle|URLSession|Process|Thread|Bundle|UserDefaults)[.(]
B(Data|String)\(contentsOf
\.write\(to(File)?:[[:space:]]*[^&[:space:]]
F(print|debugPrint|dump|readLine|fputs|puts|printf|putchar|fopen|open|exit|abort|getenv|setenv)\(
F(clock_gettime|gettimeofday|clock|time|sleep|usleep|nanosleep)\(
B(CommandLine|stdout|stderr|stdin|environ)([^[:alnum:]_:]|$)
B(async|await)([^[:alnum:]_:]|$)
END
}
random='\.(random|randomElement|shuffled|shuffle)\('

# Lines as FILE:LINE:CODE, without comments and what stands in string literals.
code() {
  awk '
    FNR == 1 { quoted = 0; commented = 0 }
    {
      line = $0; out = ""
      while (line != "") {
        if (quoted) {
          end = index(line, "\"\"\"")
          if (end == 0) break
          line = substr(line, end + 3); quoted = 0
        } else if (commented) {
          end = index(line, "*/")
          if (end == 0) break
          line = substr(line, end + 2); commented = 0
        } else if (match(line, /"""|"|\/\/|\/\*/) == 0) {
          out = out line; break
        } else {
          mark = substr(line, RSTART, RLENGTH)
          out = out substr(line, 1, RSTART - 1)
          line = substr(line, RSTART + RLENGTH)
          if (mark == "//") break
          if (mark == "\"\"\"") quoted = 1
          else if (mark == "/*") commented = 1
          else {
            match(line, /^([^"\\]|\\.)*/)
            out = out "\"\""
            line = substr(line, RLENGTH + 2)
          }
        }
      }
      if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
    }' "$@"
}

# Every violation under Sources and Tests, a line each.
check_sources() {
  local directory target files module line imports
  imports='^[^:]*:[0-9]*:[[:space:]]*((@[A-Za-z_]+(\([^)]*\))?|public|package|internal|fileprivate|private)[[:space:]]+)*'
  imports="$imports"'import[[:space:]]+((struct|class|enum|protocol|typealias|func|var|let|actor)[[:space:]]+)?'
  for directory in Sources/* Tests/*Tests; do
    [ -d "$directory" ] || continue
    target=${directory##*/}
    files=()
    while IFS= read -r line; do files+=("$line"); done < <(find "$directory" -name '*.swift' | sort)
    [ ${#files[@]} -gt 0 ] || continue
    code "${files[@]}" >"$lines"
    while IFS= read -r line; do
      module=$(sed -E "s/$imports//; s/[^A-Za-z0-9_].*//" <<<"$line")
      allows "$target" "$module" || echo "${line%%:*}: $target may not import $module"
    done < <(grep -E "$imports" "$lines")
    grep -E '(^|[^[:alnum:]_])JSONDecoder\(' "$lines" | grep -v '^Sources/GtachModel/JSONReading.swift:' | grep '^Sources/' |
      sed -E 's/^([^:]*:[0-9]+):.*/\1: foreign JSON is read by JSONReading.decode/'
    case " $pure " in
      *" $target "*)
        { grep -E -f <(impure) "$lines"; grep -E "$random" "$lines" | grep -v 'using:'; } |
          sed -E "s/^([^:]*:[0-9]+):[[:space:]]*/\1: $target is pure: /" ;;
    esac
  done
}

# Every edge of Package.swift that is not allowed, a line each.
check_edges() {
  local target dependencies module
  tr '\n' ' ' <Package.swift |
    grep -oE '(\.target|\.executableTarget|\.testTarget)\( *name: "[^"]+"(, *dependencies: \[[^]]*\])?' |
    sed -E 's/^[^"]*"([^"]+)"/\1/; s/, *dependencies: \[/ /; s/[],"]/ /g' |
    while read -r target dependencies; do
      for module in $dependencies; do
        allows "$target" "$module" || echo "Package.swift: $target may not depend on $module"
      done
    done
}

check_paths() {
  git rev-parse --git-dir >/dev/null 2>&1 || return 0
  git grep -nE '(^|[^[:alnum:]_.}-])/(Users|home)/[[:alnum:]]' -- . ':!Tests' | grep -vE '/home/pi([^a-z]|$)' | sed 's/$/   (a path of somebody'\''s machine)/'
  local own
  for own in "$PWD/" "$HOME/"; do
    [ ${#own} -lt 4 ] || git grep -nF -e "$own" -- . | sed 's/$/   (a path of this machine)/'
  done
}

# Prints every violation in a checkout; fails where there is one.
check() { (cd "$1" && { check_sources; check_edges; check_paths; } | awk '{ print } END { exit NR > 0 }'); }

# A package of one file; fails unless it is found `clean` or `unclean`, as the first argument says.
expect() {
  local verdict=$1 target=$2 text=$3 found=clean
  mkdir -p "$scratch/Sources/$target"
  printf '%s\n' "$text" >"$scratch/Sources/$target/Snippet.swift"
  printf '%s\n' "${4:-}" >"$scratch/Package.swift"
  git -C "$scratch" add Sources
  check "$scratch" >"$work/found" 2>&1 || found=unclean
  if [ "$found" != "$verdict" ]; then
    cat "$work/found" >&2
    die "the check itself is broken: $found in $target: $text ${4:-}"
  fi
  rm -r "$scratch/Sources"
}

check_itself() {
  git init -q "$scratch"
  local text
  while IFS= read -r text; do
    expect unclean GtachCore "$text"
  done <<'END'
let now = Date()
let now = Date.now
let now = ContinuousClock.now
let seconds = time(nil)
let id = UUID()
let n = Int.random(in: 0..<6)
let n = items.randomElement()
let order = items.shuffled()
var generator = SystemRandomNumberGenerator()
let data = FileManager.default.contents(atPath: path)
let data = try Data(contentsOf: url)
try data.write(to: url)
print("done")
let home = getenv("HOME")
let first = CommandLine.arguments[0]
let answer = await ask()
import CZstd
import Glibc
import Dispatch
import GtachSystem
@testable import GtachNode
private import struct Darwin.timespec
END
  expect unclean GtachWire 'let a = 1 /* a comment
over two lines */ let b = Date()'
  expect unclean GtachModel 'import GtachCore'
  expect unclean GtachNode 'import Glibc'
  expect unclean GtachNode 'let status = try JSONDecoder().decode(Status.self, from: Data(bytes))'
  expect unclean GtachNode 'import COpenSSL'
  expect unclean gtach 'import GtachCore'
  expect unclean GtachNode "let directory = \"$(printf /Users/%s ann)/gtach\""
  expect unclean GtachNode "let directory = \"$scratch/data\""
  expect unclean Unheard 'import GtachModel'
  expect unclean GtachCore '' '.target(name: "GtachCore", dependencies: ["GtachModel", "GtachSystem"])'
  expect unclean GtachCore '' '.target(
    name: "GtachNode",
    dependencies: ["GtachCore", "CZstd"])'
  expect clean GtachSystem 'import Glibc
import CZstd
let now = clock_gettime(CLOCK_MONOTONIC, &time)'
  expect clean GtachCore '// print(Date()) and
/* import Glibc
 await */
import FoundationEssentials
let a = "print(Date())", b = "say \"await\" // import Glibc"
let c = """
  import Glibc
  print(1)
  """
func draw(_ generator: inout some RandomNumberGenerator) -> Int { Int.random(in: 0..<6, using: &generator) }
let updateTime = elapsedTime(3), imprint = blueprint(4)' '.target(name: "GtachCore", dependencies: ["GtachModel"])'
}

work=$(scratch gtach-purity)
trap 'rm -rf "$work"' EXIT
lines=$work/lines
scratch=$work/checkout
check_itself
check "${1:-.}" || die "the rules above are broken"
