# Everything comes from the distribution's packages; scripts/setup installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(pugixml REQUIRED)
pkg_check_modules(TPMS REQUIRED IMPORTED_TARGET libtpms)
pkg_check_modules(TSS2 REQUIRED IMPORTED_TARGET tss2-mu tss2-sys tss2-rc tss2-tctildr)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)

# The allocator of our programs, sanitizers aside, which bring their own: with 10,000 agents a cycle costs 6 to
# 8 % less than with the C library's, and more where quotes are accelerated (bench_scale; HACKING.md).
add_library(pushsim_allocator INTERFACE)
if(NOT PUSHSIM_SANITIZE)
  pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
  target_link_libraries(pushsim_allocator INTERFACE PkgConfig::JEMALLOC)
endif()

# Headers without a package file of their own.
find_path(NLOHMANN_JSON_DIR nlohmann/json.hpp REQUIRED)
find_path(CLI11_DIR CLI/CLI.hpp REQUIRED)
find_path(EXPECTED_DIR tl/expected.hpp REQUIRED)

find_path(BEAST_DIR boost/beast/http/parser.hpp REQUIRED)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)

if(PUSHSIM_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck QUIET)
  find_path(VALIJSON_DIR valijson/validator.hpp REQUIRED)
  include(GoogleTest)
endif()
if(PUSHSIM_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
