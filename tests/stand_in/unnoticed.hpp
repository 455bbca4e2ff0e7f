#pragma once
// What a lying verifier passes, and why nothing could tell.

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace pushsim::stand_in {

struct Unnoticed {
    std::string lie;                         ///< as Process::Options has it
    std::map<std::string, std::string> why;  ///< requirement -> why the suite cannot notice
};

inline std::ostream& operator<<(std::ostream& out, const Unnoticed& one) {
    return out << one.lie;
}

std::vector<Unnoticed> unnoticed();

}  // namespace pushsim::stand_in
