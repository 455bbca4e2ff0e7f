#pragma once
// The scripted peer's own answers, with a change.

#include <functional>
#include <stdexcept>
#include <string>

#include "tests/agent/lifecycle/play.hpp"

namespace pushsim::habits {

using AnswerOf = std::function<HttpResponse(const HttpRequest&)>;

/// Another text in its body; "" for the text: another body.
inline AnswerOf changed(lifecycle::Play& play, std::string text, std::string by) {
    return [&play, text = std::move(text), by = std::move(by)](const HttpRequest& request) {
        HttpResponse answer = play.peer.answer(request);
        if (text.empty()) {
            answer.body = by;
            return answer;
        }
        const auto at = answer.body.find(text);
        if (at == std::string::npos) throw std::invalid_argument("not in the body: " + text);
        answer.body.replace(at, text.size(), by);
        return answer;
    };
}

inline AnswerOf with_status(lifecycle::Play& play, int status) {
    return [&play, status](const HttpRequest& request) {
        HttpResponse answer = play.peer.answer(request);
        answer.status = status;
        return answer;
    };
}

/// One more header, or another value of one; "" for the value: without it.
inline AnswerOf with_header(lifecycle::Play& play, std::string name, std::string value) {
    return [&play, name = std::move(name), value = std::move(value)](const HttpRequest& request) {
        HttpResponse answer = play.peer.answer(request);
        std::erase_if(answer.headers, [&](const auto& header) { return header.first == name; });
        if (!value.empty()) answer.headers.emplace_back(name, value);
        return answer;
    };
}

}  // namespace pushsim::habits
