# pushsim_library(NAME SOURCES a.cpp … [LINKS target …])
# The library of the folder it is called from. Headers are included by their path from the project's top.
function(pushsim_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC pushsim_flags ${ARG_LINKS})
endfunction()

# pushsim_test(NAME LABEL unit|sim|live SOURCES a.cpp … LINKS target … [PROPERTIES name value …])
# One test binary per folder; every TEST in it becomes a ctest entry that carries the label.
# Discovery happens when ctest runs, so a build does not execute anything.
function(pushsim_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINKS;PROPERTIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest GTest::gtest_main)
  # A fuzz build needs tests/ for the fuzzers that live there, not the tests themselves.
  set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ${PUSHSIM_FUZZERS})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} ${ARG_PROPERTIES})
endfunction()

# pushsim_kind_test(NAME TIMEOUT seconds SOURCES … LINKS …): one ctest entry for the whole binary, whose tests share a
# Kind cluster. scripts/test-kind runs them, one after the other; else they are skipped.
function(pushsim_kind_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ${PUSHSIM_FUZZERS})
  if(NOT TARGET kind_tests)
    add_custom_target(kind_tests)
  endif()
  add_dependencies(kind_tests ${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS kind TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL ON
                       SKIP_REGULAR_EXPRESSION "kind tests are skipped")
endfunction()

# pushsim_bench(NAME SOURCES … LINKS …): a Google Benchmark binary in build/…/bench/, run by scripts/bench.
function(pushsim_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  if(PUSHSIM_BENCHMARKS)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} pushsim_allocator benchmark::benchmark
                                            benchmark::benchmark_main)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  endif()
endfunction()

# pushsim_fuzz(NAME SOURCES … LINKS …): a libFuzzer binary in build/…/fuzz/, run by scripts/check-deep.
function(pushsim_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  if(PUSHSIM_FUZZERS)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  endif()
endfunction()
