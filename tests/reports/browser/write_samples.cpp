// Writes reports for the browser test into a folder: write_samples FOLDER (PUSHSIM_FIXTURES is set).

#include <filesystem>
#include <fstream>
#include <iostream>

#include "reports/html.hpp"
#include "tests/reports/html_samples.hpp"

namespace {

void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream{file, std::ios::binary} << text;
    std::cout << file.filename().string() << ": " << text.size() << " octets\n";
}

}  // namespace

int main(int argc, char** argv) {
    using namespace pushsim::reports;
    if (argc != 2) return 2;
    const std::filesystem::path folder = argv[1];
    std::filesystem::create_directories(folder);
    const test::Sample small = test::small_sample();
    write(folder / "conformance.html", html(small.history, small.run, &small.conformance));
    write(folder / "run.html", html(small.history, small.run, nullptr));
    const test::Sample hostile = test::hostile_sample();
    write(folder / "hostile.html", html(hostile.history, hostile.run, &hostile.conformance));
    const test::Sample full = test::full_sample();
    write(folder / "full.html", html(full.history, full.run, &full.conformance));
    return 0;
}
