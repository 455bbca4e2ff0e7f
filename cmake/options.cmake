# Developer switches; CMakePresets.json sets them.
set(PUSHSIM_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")
option(PUSHSIM_COVERAGE "Instrument for gcovr" OFF)
option(PUSHSIM_TESTS "Build the tests" ON)
option(PUSHSIM_BENCHMARKS "Build the benchmarks" OFF)
option(PUSHSIM_FUZZERS "Build the libFuzzer targets (clang only)" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(pushsim_flags INTERFACE)
target_include_directories(pushsim_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(pushsim_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                               -Wold-style-cast -Woverloaded-virtual
                                               # designated initialisers leave members out on purpose
                                               -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees the one in the moves of std::variant and the other in "text" + std::string (GCC bug 105651), where
  # they are not.
  target_compile_options(pushsim_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()
if(PUSHSIM_SANITIZE)
  target_compile_options(pushsim_flags INTERFACE -fsanitize=${PUSHSIM_SANITIZE} -fno-sanitize-recover=all
                                                 -fno-omit-frame-pointer)
  target_link_options(pushsim_flags INTERFACE -fsanitize=${PUSHSIM_SANITIZE})
endif()
if(PUSHSIM_COVERAGE)
  target_compile_options(pushsim_flags INTERFACE --coverage -O0)
  target_link_options(pushsim_flags INTERFACE --coverage)
endif()
