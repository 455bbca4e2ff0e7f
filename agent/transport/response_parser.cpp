// Beast 1.74 asserts at least 5 octets where the last chunk's line is looked at again (basic_parser.ipp,
// parse_chunk_header), but a peer may send "0\r\n" and then 1 more: what asks for more without the assertion
// would abort with it.
#define BOOST_DISABLE_ASSERTS

#include "agent/transport/response_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

#include "agent/base/text.hpp"

namespace pushsim::transport {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

std::string quoted(std::string_view octets) {
    constexpr std::size_t kLongest = 200;
    return "'" + escaped(octets, kLongest) + "'";
}

/// Beast looks at a head when its end has come; a peer that speaks something else may wait for us before
/// that.
bool begins_a_head(std::string_view octets) {
    constexpr std::string_view kBegin = "HTTP/1.";
    return octets.substr(0, kBegin.size()) == kBegin.substr(0, octets.size());
}

std::string view_text(const auto& view) {
    return std::string(view.data(), view.size());
}

}  // namespace

struct ResponseParser::Inner {
    AnswerBounds bounds;
    bool to_head;
    State state = State::NeedMore;
    std::optional<Parser> parser{};
    bool head_begins = true;        // nothing of the current head was used yet
    std::size_t header_octets = 0;  // of heads read so far
    std::size_t received = 0;
    std::string begin{};     // first octets, for messages
    std::string unparsed{};  // the start of an element whose end has not come
    bool excess = false;     // octets came behind the answer
    bool keep_alive = false;
    HttpResponse response{};
    Failure failure{FailureKind::Malformed, ""};

    void start_head() {
        parser.emplace();
        head_begins = true;
        // What bounds the head is the octets left; a limit of 0 would mean none to Beast.
        const std::size_t left = bounds.header > header_octets ? bounds.header - header_octets : 1;
        parser->header_limit(static_cast<std::uint32_t>(
            std::min<std::size_t>(left, std::numeric_limits<std::uint32_t>::max())));
        parser->body_limit(static_cast<std::uint64_t>(bounds.body));
        parser->skip(to_head);
        parser->eager(false);
    }

    void fail(FailureKind kind, std::string message) {
        state = State::Failed;
        failure = {kind, std::move(message)};
        parser.reset();
        unparsed = {};
    }

    void malformed(const std::string& what) {
        std::string message =
            fmt::format("the answer is not HTTP/1.1: {}; it begins {}", what, quoted(begin));
        if (begin.size() >= 2 && begin[1] == '\x03' && (begin[0] == '\x15' || begin[0] == '\x16')) {
            message += " (that is TLS: the port does not speak plain HTTP)";
        }
        fail(FailureKind::Malformed, std::move(message));
    }

    void fail_on(boost::beast::error_code error) {
        if (error == http::error::header_limit) {
            fail(FailureKind::TooLarge,
                 fmt::format("the answer's header is over its bound of {} octets", bounds.header));
        } else if (error == http::error::body_limit) {
            std::string announced;
            if (const auto length = parser->content_length()) {
                announced = fmt::format(" (Content-Length: {})", *length);
            }
            fail(FailureKind::TooLarge,
                 fmt::format("the answer's body is over its bound of {} octets{}", bounds.body, announced));
        } else {
            malformed(error.message());
        }
    }

    /// Parses as many elements as are complete; returns the octets used.
    std::size_t parse(std::string_view octets) {
        std::size_t used = 0;
        while (used < octets.size() && state == State::NeedMore) {
            if (!parser) start_head();
            if (head_begins && !begins_a_head(octets.substr(used))) {
                malformed(make_error_code(http::error::bad_version).message());
                break;
            }
            const bool in_head = !parser->is_header_done();
            boost::beast::error_code error;
            const std::size_t taken =
                parser->put(boost::asio::buffer(octets.data() + used, octets.size() - used), error);
            used += taken;
            head_begins = head_begins && taken == 0;
            if (in_head) header_octets += taken;
            if (in_head && header_octets > bounds.header) {  // Beast's own limit is per portion
                fail_on(http::error::header_limit);
                break;
            }
            if (error == http::error::need_more) break;
            if (error) {
                fail_on(error);
                break;
            }
            if (in_head && parser->is_header_done()) on_head();
            if (state == State::NeedMore && parser && parser->is_done()) on_done();
        }
        return used;
    }

    void on_head() {
        const auto& message = parser->get();
        const int status = static_cast<int>(message.result_int());
        if (status < 100) return malformed(fmt::format("status {:03}", status));
        if (status == 101) return malformed("status 101, which was not asked for");
        if (status < 200) {  // interim: the answer proper follows
            parser.reset();
            return;
        }
        std::size_t lengths = 0;
        response.status = status;
        for (const auto& field : message) {
            const std::string value = view_text(field.value());
            if (field.name() == http::field::content_length &&
                (++lengths > 1 || value.find(',') != std::string::npos)) {
                return malformed("more than one Content-Length");
            }
            if (field.name() == http::field::transfer_encoding &&
                !boost::beast::iequals(field.value(), "chunked")) {
                return malformed(fmt::format("transfer coding {}", quoted(value)));
            }
            response.headers.emplace_back(view_text(field.name_string()), value);
        }
    }

    void on_done() {
        keep_alive = parser->keep_alive();
        response.body = std::move(parser->get().body());
        parser.reset();
        state = State::Done;
    }
};

ResponseParser::ResponseParser(const AnswerBounds& bounds, bool to_head)
    : inner_(new Inner{.bounds = bounds, .to_head = to_head}) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

ResponseParser::State ResponseParser::feed(std::string_view octets) {
    constexpr std::size_t kShown = 32;
    Inner& in = *inner_;
    in.received += octets.size();
    if (in.begin.size() < kShown) in.begin += octets.substr(0, kShown - in.begin.size());
    if (in.state == State::Done && !octets.empty()) in.excess = true;
    if (in.state != State::NeedMore) return in.state;

    const bool continued = !in.unparsed.empty();
    if (continued) octets = in.unparsed.append(octets);
    const std::size_t used = in.parse(octets);
    const std::size_t left = octets.size() - used;
    if (in.state == State::Done) {
        in.excess = left > 0;
        in.unparsed = {};
    } else if (in.state == State::NeedMore) {
        // What is left is part of a head, of a chunk's line or of the trailers.
        if (left > in.bounds.header) {
            in.fail(FailureKind::TooLarge,
                    fmt::format("a chunk's line or the trailers are over the header's bound of {} octets",
                                in.bounds.header));
        } else if (continued) {
            in.unparsed.erase(0, used);
        } else {
            in.unparsed = octets.substr(used);
        }
    }
    return in.state;
}

ResponseParser::State ResponseParser::end() {
    Inner& in = *inner_;
    if (in.state != State::NeedMore) return in.state;
    if (in.received == 0) {
        in.fail(FailureKind::Closed, "closed without an answer");
    } else if (!in.parser || !in.parser->is_header_done()) {
        in.fail(FailureKind::Closed,
                fmt::format("closed within the answer's header, after {} octets", in.received));
    } else if (in.parser->need_eof()) {
        boost::beast::error_code error;
        in.parser->put_eof(error);
        if (error) {
            in.malformed(error.message());
        } else {
            in.on_done();
            in.keep_alive = false;
        }
    } else {
        const std::size_t body = in.parser->get().body().size();
        const auto length = in.parser->content_length();
        in.fail(FailureKind::Closed,
                length ? fmt::format("closed within the answer's body, after {} of {} octets", body, *length)
                       : fmt::format("closed within the answer's chunked body, after {} octets of it", body));
    }
    return in.state;
}

ResponseParser::State ResponseParser::state() const {
    return inner_->state;
}

HttpResponse ResponseParser::take() {
    return std::move(inner_->response);
}

bool ResponseParser::keep_alive() const {
    return inner_->keep_alive && !inner_->excess;
}

const Failure& ResponseParser::failure() const {
    return inner_->failure;
}

std::size_t ResponseParser::received() const {
    return inner_->received;
}

}  // namespace pushsim::transport
