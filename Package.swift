// swift-tools-version: 6.0
import PackageDescription

// Every edge of the house on one screen. Dependencies point one way:
//
//   gtach -> GtachNode -> GtachCore -> GtachWire -> GtachModel
//            GtachNode -> GtachSystem -> GtachModel
//   gtach -> GtachCommand -> GtachModel, gtach -> GtachSystem
//   gtach-simulate -> GtachSimulator -> GtachCore
//
// GtachModel, GtachWire, GtachCore, GtachSimulator and GtachCommand are pure: no clock, no socket, no disk, no
// randomness of their own, no C (`scripts/check-purity.sh` holds them to it). GtachSystem is the only target
// that sees C or the kernel.
let package = Package(
  name: "gtach",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "gtach", targets: ["gtach"]),
    .executable(name: "gtach-simulate", targets: ["gtach-simulate"]),
  ],
  targets: [
    // C libraries of the system's package manager: headers, and shims for what Swift cannot import (macros, varargs).
    .target(name: "CArchive", linkerSettings: [.linkedLibrary("archive")]),
    .target(
      name: "CDNSSD",
      linkerSettings: [
        .linkedLibrary("dns_sd", .when(platforms: [.linux])),
        .linkedLibrary("avahi-common", .when(platforms: [.linux])),
      ]),
    .target(name: "CGPIOD", linkerSettings: [.linkedLibrary("gpiod", .when(platforms: [.linux]))]),
    .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(name: "CSystem"),
    .target(name: "CZstd", linkerSettings: [.linkedLibrary("zstd")]),

    .target(name: "GtachModel"),
    .target(name: "GtachWire", dependencies: ["GtachModel"]),
    .target(name: "GtachCore", dependencies: ["GtachWire", "GtachModel"]),
    .target(
      name: "GtachSystem",
      dependencies: [
        "GtachModel", "CArchive", "CDNSSD", "CGPIOD", "COpenSSL", "CSQLite", "CSystem", "CZstd",
      ]),
    .target(name: "GtachNode", dependencies: ["GtachCore", "GtachWire", "GtachModel", "GtachSystem"]),
    .target(name: "GtachCommand", dependencies: ["GtachModel"]),
    .executableTarget(name: "gtach", dependencies: ["GtachNode", "GtachCommand", "GtachModel", "GtachSystem"]),

    .target(name: "GtachSimulator", dependencies: ["GtachCore", "GtachModel"]),
    .executableTarget(name: "gtach-simulate", dependencies: ["GtachSimulator"]),

    .testTarget(name: "GtachModelTests", dependencies: ["GtachModel"]),
    .testTarget(name: "GtachWireTests", dependencies: ["GtachWire", "GtachModel"]),
    .testTarget(name: "GtachCoreTests", dependencies: ["GtachCore", "GtachWire", "GtachModel", "GtachSystem"]),
    .testTarget(name: "GtachSystemTests", dependencies: ["GtachSystem", "GtachModel"]),
    .testTarget(
      name: "GtachNodeTests", dependencies: ["GtachNode", "GtachCore", "GtachWire", "GtachModel", "GtachSystem"]),
    .testTarget(name: "GtachSimulatorTests", dependencies: ["GtachSimulator", "GtachCore", "GtachModel"]),
    .testTarget(name: "GtachCommandTests", dependencies: ["GtachCommand", "GtachModel"]),
    .testTarget(name: "gtachTests", dependencies: ["gtach", "GtachModel", "GtachSystem"]),
  ],
  swiftLanguageModes: [.v6]
)
