extension CommandSpecification {
  /// Every command, in the order of the overview.
  static let all: [CommandSpecification] = fleet + repository + care + lan + machine + versions + [help]

  /// The headings of the overview.
  static let groups: [(title: String, commands: [CommandSpecification])] = [
    ("A fleet and its members", fleet), ("Releases", repository), ("The repository's care", care), ("The LAN", lan),
    ("This machine", machine), ("Versions", versions), ("Help", [help]),
  ]

  private static let peerOption = Option(
    name: "--peer", value: "HOST:PORT", repeats: true, summary: "a peer that discovery does not find")
  private static let discoveryOption = Option(name: "--no-mdns", summary: "neither advertise nor browse")
  private static let mockOption = Option(
    name: "--mock", value: "FILE", summary: "simulated GPIO lines instead of the real ones")

  private static let noServiceOption = Option(
    name: "--no-service", summary: "leave the services of releases out")

  private static let fleet = [
    CommandSpecification(
      name: "init", summary: "make a fleet: its keys, its metadata, its first member",
      options: [
        Option(name: "--fleet", value: "NAME", summary: "the fleet's name"),
        Option(name: "--node", value: "NAME", summary: "this machine's name in the fleet"),
      ],
      notes: "Run it once, on the developer's machine. The keys stay there: keep a copy.",
      example: "gtach init --fleet workshop"),
    CommandSpecification(
      name: "invite", summary: "let a machine join: prints a token",
      arguments: [Argument(name: "NODE")],
      options: [
        Option(
          name: "--address", value: "HOST:PORT", repeats: true, summary: "where the machine reaches this one"),
        Option(
          name: "--minutes", value: "N",
          summary: "how long the token is good, 1 to \(maximumInvitationMinutes) (default \(invitationMinutes))"),
      ],
      notes: "The token is a secret and works once. Without a daemon this command waits.",
      example: "gtach invite pi-1"),
    CommandSpecification(
      name: "join", summary: "join a fleet with a token from `gtach invite`",
      arguments: [Argument(name: "TOKEN")],
      options: [
        Option(name: "--address", value: "HOST:PORT", summary: "where the inviting machine is reached")
      ],
      notes: "The machine's key is made here and never leaves it.",
      example: "gtach join gtach1.q83v..."),
  ]

  private static let repository = [
    CommandSpecification(
      name: "pack", summary: "make, sign and store a release",
      arguments: [Argument(name: "SOURCE")],
      options: [
        Option(name: "--name", value: "NAME", summary: "replaces the name in the description"),
        Option(name: "--version", value: "VERSION", summary: "replaces the version in the description"),
        Option(
          name: "--bump", value: "PART",
          summary: "raises it there: major, minor, patch or prerelease"),
        Option(
          name: "--level", value: "N",
          summary: "zstd level, \(compressionLevels.lowerBound) (fast) to \(compressionLevels.upperBound) (small)"),
        Option(
          name: "--patches", value: "N",
          summary: "patches from N earlier releases, 0 to \(patchBases.upperBound)"),
        Option(name: "--fast", summary: "in a fraction of the time, with more bytes on the wire"),
        Option(name: "--description", value: "FILE", summary: "instead of gtach.json in SOURCE"),
        Option(name: "--platform", value: "PLATFORM", summary: "what it runs on, as linux-arm64 (default any)"),
        Option(name: "--mock", value: "FILE", summary: "simulated GPIO lines that its self-tests must pass on"),
      ],
      notes: "SOURCE is a directory, a tar (plain, .gz, .bz2, .xz, .zst), a zip or a wheel.\n"
        + "Prints NAME@VERSION. Without a description, --name and --version are enough.\n"
        + "--bump writes the next version into gtach.json once the release is out.",
      example: "gtach pack ~/src/gtach-app --version 0.4.1"),
    CommandSpecification(
      name: "list", summary: "the releases that are here, by name, newest first",
      arguments: [Argument(name: "NAME", required: false)],
      notes: "Ends with 1 where there is none.",
      example: "gtach list gtach-app"),
    CommandSpecification(
      name: "search", summary: "the releases that are here and fit",
      arguments: [Argument(name: "WORD", required: false, repeats: true)],
      options: [
        Option(name: "--name", value: "NAME", summary: "the package of exactly that name"),
        Option(name: "--author", value: "WORD", repeats: true, summary: "a word of the author"),
        Option(name: "--platform", value: "PLATFORM", summary: "what runs on it, as linux-arm64"),
        Option(name: "--version", value: "RANGE", summary: "which versions, as '^1.2'"),
        Option(name: "--since", value: "DATE", summary: "packed on that day (UTC) or later, as 2026-11-20"),
        Option(name: "--until", value: "DATE", summary: "packed on that day or earlier"),
      ],
      notes: "Every WORD has to be a whole word of the name, the description or the author;\n"
        + "'tacho*' is any that begins so. A package that is called WORD comes first.\n"
        + "Ends with 1 where nothing fits.",
      example: "gtach search 'tacho*' display --since 2026-01-01"),
    CommandSpecification(
      name: "info", summary: "all that is known of a release",
      arguments: [Argument(name: "NAME[@VERSION]")],
      notes: "Without a version: the newest one. Ends with 1 where there is none.",
      example: "gtach info gtach-app@0.4.0"),
    CommandSpecification(
      name: "extract", summary: "write a release's files into a directory",
      arguments: [Argument(name: "NAME@VERSION"), Argument(name: "DIR")],
      options: [
        Option(name: "--platform", value: "PLATFORM", summary: "which variant, where several are here")
      ],
      notes: "DIR must be new or empty. Nothing is installed.",
      example: "gtach extract gtach-app@0.4.0 look"),
    CommandSpecification(
      name: "export", summary: "write a release to a file, to carry it elsewhere",
      arguments: [Argument(name: "NAME@VERSION"), Argument(name: "FILE", required: false)],
      options: [
        Option(name: "--casync", value: "DIR", summary: "instead of a file: an index and a store of casync")
      ],
      notes: "Any machine of the same fleet can import it, and verifies it.",
      example: "gtach export gtach-app@0.4.0 /media/stick/gtach-app.tar"),
    CommandSpecification(
      name: "import", summary: "bring in what `gtach export` wrote",
      arguments: [Argument(name: "FILE", required: false)],
      options: [
        Option(name: "--casync", value: "DIR", summary: "instead of a file: indexes and a store of casync")
      ],
      notes: "It is verified like a download: only what the fleet's keys have signed comes in.\n"
        + "With --casync, NAME@VERSION instead of FILE brings in only that release.",
      example: "gtach import /media/stick/gtach-app.tar"),
  ]

  private static let care = [
    CommandSpecification(
      name: "remove", summary: "take a release out of the repository, for good",
      arguments: [Argument(name: "NAME@VERSION")],
      options: [Option(name: "--force", summary: "also the only copy, or what is installed")],
      notes: "It is not fetched again unless it is asked for as NAME@VERSION. The\n"
        + "publisher, and a machine where it is installed or kept to go back to, want\n"
        + "--force: what is installed stays, and cannot be verified any more. Ends with\n"
        + "1 where there is none.",
      example: "gtach remove gtach-app@0.3.0"),
    CommandSpecification(
      name: "verify", summary: "read all that is here, and hash it",
      arguments: [Argument(name: "NAME[@VERSION]", required: false)],
      options: [
        Option(name: "--repair", summary: "make damaged parts anew, or fetch them"),
        Option(name: "--installed", summary: "compare what is installed with what was packed"),
      ],
      notes: "Damaged parts are put aside. Ends with 65 if anything is not as it should be,\n"
        + "with --installed with 1.",
      example: "gtach verify --repair"),
    CommandSpecification(
      name: "reindex", summary: "make the index of `list` and `search` anew",
      notes: "It is only a copy of what the manifests say, and mends itself: this is for\n"
        + "those who want to be sure.",
      example: "gtach reindex"),
    CommandSpecification(
      name: "gc", summary: "take away what nothing here needs any more",
      options: [Option(name: "--dry-run", summary: "only say what would go")],
      notes: "Old releases beyond `keepReleases`, chunks and objects of no release, what\n"
        + "writers that are gone left behind, and what was damaged a week ago.",
      example: "gtach gc --dry-run"),
  ]

  private static let lan = [
    CommandSpecification(
      name: "node", summary: "run the daemon: advertise, fetch, serve, install",
      options: [
        Option(name: "--listen", value: "HOST:PORT", summary: "where to listen (port 0: any free one)"),
        peerOption, discoveryOption, mockOption, noServiceOption,
        Option(
          name: "--debug-tls-keys", value: "FILE", summary: "DANGEROUS: write what decrypts its connections"),
      ],
      notes: "Runs until it is interrupted. Options go before config.json in the home.",
      example: "gtach node --peer 192.168.1.20:7420"),
    CommandSpecification(
      name: "sync", summary: "fetch now what is wanted here",
      arguments: [Argument(name: "NAME[@RANGE]", required: false, repeats: true)],
      options: [
        peerOption, Option(name: "--no-mdns", summary: "do not browse for peers"),
        Option(name: "--dry-run", summary: "only say what would be fetched (ends with 1 if anything)"),
        Option(name: "--install", summary: "install what is named, or what the configuration wants"),
        noServiceOption,
      ],
      notes: "Names ask for releases beside those that the configuration wants.\n"
        + "Ends with 1 where something that is wanted did not come.",
      example: "gtach sync 'gtach-app@^0.4' --install"),
    CommandSpecification(
      name: "peers", summary: "the neighbours, and how things stand with them",
      notes: "Ends with 1 where there is none.",
      example: "gtach peers"),
  ]

  private static let machine = [
    CommandSpecification(
      name: "status", summary: "this node, its fleet, and what is installed",
      example: "gtach status --json"),
    CommandSpecification(
      name: "install", summary: "install the newest release that a range accepts",
      arguments: [Argument(name: "NAME[@RANGE]")],
      options: [noServiceOption],
      notes: "Also one that failed here before. Ends with 20 if it was rolled back, and as\n"
        + "the error says if nothing was activated.",
      example: "gtach install 'gtach-app@~0.4.1'"),
    CommandSpecification(
      name: "installer", summary: "install what a daemon without rights orders",
      options: [
        Option(name: "--from", value: "HOME", summary: "the daemon's home, which is read and never trusted"),
        Option(name: "--socket", value: "PATH", summary: "where to listen, where systemd gives no socket"),
      ],
      notes: "For root; --home is its own, with config.json and root.json. Started by\n"
        + "gtach-installer.socket, it ends when there was no order for 60 s.",
      example: "gtach installer --from /var/lib/gtach"),
    CommandSpecification(
      name: "rollback", summary: "make an earlier release active again",
      arguments: [Argument(name: "NAME"), Argument(name: "VERSION", required: false)],
      notes: "Without a version: the one before. Stays there until the next `gtach install`.",
      example: "gtach rollback gtach-app"),
    CommandSpecification(
      name: "history", summary: "what was installed when, and how it ended",
      arguments: [Argument(name: "NAME", required: false)],
      notes: "The newest last; --verbose says what each self-test read and each hook said.\n"
        + "Ends with 1 where there is nothing.",
      example: "gtach history gtach-app"),
    CommandSpecification(
      name: "selftest", summary: "test this machine's hardware",
      arguments: [Argument(name: "NAME", required: false)],
      options: [
        Option(name: "--plan", value: "FILE", summary: "a JSON list of checks instead of a package's own"), mockOption,
        Option(name: "--release-lines", summary: "test nothing: make inputs of lines that were left driven"),
      ],
      notes: "Without a name: all that is installed. Ends with 21 if a check failed.",
      example: "gtach selftest --plan bench.json"),
  ]

  private static let versions = [
    CommandSpecification(
      name: "resolve", summary: "what it takes to install something, and why",
      arguments: [Argument(name: "NAME[@RANGE]", required: false, repeats: true)],
      notes: "Without a name: what `autoInstall` leads to. Changes nothing, and asks nobody.\n"
        + "Ends with 1 where there is no plan; --verbose then explains it to the end.",
      example: "gtach resolve 'gtach-app@^0.4'"),
    CommandSpecification(
      name: "version check", summary: "whether a text is a version (SemVer 2.0.0)",
      arguments: [Argument(name: "VERSION")],
      notes: "Ends with 1 if not.", example: "gtach version check 1.4.0-rc.1"),
    CommandSpecification(
      name: "version compare", summary: "which of two is newer: prints <, = or >",
      arguments: [Argument(name: "VERSION"), Argument(name: "VERSION")],
      example: "gtach version compare 1.4.0-rc.1 1.4.0"),
    CommandSpecification(
      name: "version compatibility", summary: "what kind of change leads from a version to another",
      arguments: [Argument(name: "FROM"), Argument(name: "TO")],
      notes: "Prints same, patch, minor, breaking or downgrade. Before 1.0.0 the leftmost\n"
        + "number that is not 0 breaks: 0.2.3 to 0.3.0, and 0.0.3 to 0.0.4.",
      example: "gtach version compatibility 1.4.0 2.0.0"),
    CommandSpecification(
      name: "version satisfies", summary: "whether a range accepts a version",
      arguments: [Argument(name: "VERSION"), Argument(name: "RANGE")],
      notes: "Ranges are npm's: ^1.2  ~1.2.3  >=1 <2  1.x || 2.x  1.2 - 2.3\nEnds with 1 if not.",
      example: "gtach version satisfies 1.4.0 '^1.2'"),
    CommandSpecification(
      name: "version bump", summary: "the next version: major, minor, patch, prerelease",
      arguments: [Argument(name: "VERSION"), Argument(name: "PART")],
      example: "gtach version bump 1.4.0 minor"),
  ]

  private static let help = CommandSpecification(
    name: "help", summary: "how a command is used",
    arguments: [Argument(name: "COMMAND", required: false, repeats: true)],
    example: "gtach help pack")

  /// How long an invitation is good where nobody says, in minutes.
  static let invitationMinutes = 30
  /// The longest that an invitation may be good, in minutes: a week.
  static let maximumInvitationMinutes = 7 * 24 * 60
  /// The zstd levels that `pack` takes.
  static let compressionLevels = 1...22
  static let patchBases = 0...4
}
