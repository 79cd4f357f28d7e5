#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

// Top-level code runs on the main actor; everything else is in files of its own, on threads of its own.
exit(Program.run(Array(CommandLine.arguments.dropFirst())))
