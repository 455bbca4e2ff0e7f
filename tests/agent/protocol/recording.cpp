#include "tests/agent/protocol/recording.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace pushsim::protocol::testing {
namespace {

const std::filesystem::path kFolder = PUSHSIM_FIXTURES "/messages";

HttpHeaders headers_in(const nlohmann::json& list) {
    HttpHeaders headers;
    for (const auto& pair : list)
        headers.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
    return headers;
}

}  // namespace

HttpHeaders Recording::built_headers() const {
    HttpHeaders built;
    for (const auto& header : request.headers) {
        if (header.first != "host" && header.first != "content-length") built.push_back(header);
    }
    return built;
}

HttpResponse json_answer(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Recording recording(const std::string& name) {
    std::ifstream file{kFolder / (name + ".json")};
    if (!file) throw std::runtime_error("no recording " + (kFolder / (name + ".json")).string());
    const auto json = nlohmann::json::parse(file);
    const auto &request = json.at("request"), &response = json.at("response");
    return {
        name,
        {request.at("method"), request.at("target"), headers_in(request.at("headers")), request.at("body")},
        {response.at("status"), headers_in(response.at("headers")), response.at("body")},
        json.value("known", nlohmann::json{})};
}

std::vector<Recording> all_recordings() {
    std::vector<Recording> all;
    for (const auto& entry : std::filesystem::directory_iterator{kFolder}) {
        if (entry.path().extension() == ".json") all.push_back(recording(entry.path().stem().string()));
    }
    std::ranges::sort(all, {}, &Recording::name);
    if (all.empty()) throw std::runtime_error("no recordings in " + kFolder.string());
    return all;
}

}  // namespace pushsim::protocol::testing
