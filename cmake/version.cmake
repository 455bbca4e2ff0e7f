# Writes FILE, the source of kVersion (sim/cli/version.hpp), where it is another one than FILE says:
#   cmake -D FILE=version.cpp -D VERSION=0.1.0 -D SOURCE=DIR -P version.cmake
# The commit that SOURCE is at goes with it, and whether the tree differs from it; not where git knows none.
execute_process(COMMAND git -C "${SOURCE}" rev-parse --short=10 HEAD
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE none)
if(NOT none)
  string(APPEND VERSION "+g${commit}")
  execute_process(COMMAND git -C "${SOURCE}" diff-index --quiet HEAD -- RESULT_VARIABLE differs ERROR_QUIET)
  if(differs)
    string(APPEND VERSION ".changed")
  endif()
endif()
set(text "#include \"sim/cli/version.hpp\"\n
namespace pushsim::cli {
const char* const kVersion = \"${VERSION}\";
}\n")
if(EXISTS "${FILE}")
  file(READ "${FILE}" before)
endif()
if(NOT text STREQUAL "${before}")
  file(WRITE "${FILE}" "${text}")
endif()
