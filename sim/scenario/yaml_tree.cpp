#include "sim/scenario/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {
namespace {

/// Leaves the parser from inside a callback.
struct Refused {
    int line;
    int column;
    std::string message;
};

class TreeBuilder : public YAML::EventHandler {
  public:
    explicit TreeBuilder(std::string_view text) : text_(text) {}

    std::optional<Node> root;

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) refuse(mark, "a second document starts here; a file holds one scenario");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(node(Node::Kind::Null, mark), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchored_.find(anchor);
        if (found == anchored_.end()) refuse(mark, "an alias inside the value that it stands for");
        nodes_ += size_of(found->second);
        check_count(mark);
        if (open_.size() + depth_of(found->second) > max_depth) refuse_depth(mark);
        place(found->second);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        Node made = node(Node::Kind::Scalar, mark);
        made.quoted = tag == "!";
        if (made.quoted) check_quotes(mark);
        made.text = value;
        add(std::move(made), anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(node(Node::Kind::List, mark), anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(node(Node::Kind::Map, mark), anchor);
    }
    void OnMapEnd() override { close(); }

    const Node* innermost_open() const { return open_.empty() ? nullptr : &open_.back().node; }

  private:
    struct Open {
        Node node;
        YAML::anchor_t anchor;
        std::optional<Node> key;  ///< of a map, waiting for its value
    };

    [[noreturn]] static void refuse(const YAML::Mark& mark, std::string message) {
        throw Refused{mark.line + 1, mark.column + 1, std::move(message)};
    }
    [[noreturn]] static void refuse_depth(const YAML::Mark& mark) {
        refuse(mark, fmt::format("nested deeper than {} levels", max_depth));
    }

    static void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            refuse(mark, fmt::format("tag `{}`: tags are not used in scenarios", tag.substr(0, 60)));
        }
    }

    [[noreturn]] static void refuse_count(int line, int column) {
        throw Refused{line, column,
                      fmt::format("more than {} values, those that aliases repeat included", max_nodes)};
    }
    /// yaml-cpp 0.7 takes a quote for closed that the end of the file cuts off behind a line end.
    void check_quotes(const YAML::Mark& mark) {
        for (; line_ < mark.line; ++line_)
            line_start_ = text_.find('\n', line_start_) + 1;
        std::size_t at = line_start_ + static_cast<std::size_t>(mark.column);
        while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
            at = std::min(text_.find_first_of(" \n\r\t", at), text_.size());
            at = std::min(text_.find_first_not_of(" \n\r\t", at), text_.size());
        }
        const char quote = at < text_.size() ? text_[at] : ' ';
        if (quote != '"' && quote != '\'') return;
        for (++at; at < text_.size(); ++at) {
            if (quote == '"' && text_[at] == '\\') {
                ++at;
            } else if (text_[at] == quote) {
                if (quote == '"' || text_.substr(at, 2) != "''") return;
                ++at;
            }
        }
        refuse(mark, fmt::format("not YAML: the quote {} is not closed", quote));
    }

    void check_count(const YAML::Mark& mark) const {
        if (nodes_ > max_nodes) refuse_count(mark.line + 1, mark.column + 1);
    }

    Node node(Node::Kind kind, const YAML::Mark& mark) {
        ++nodes_;
        check_count(mark);
        Node made;
        made.kind = kind;
        made.line = mark.line + 1;
        made.column = mark.column + 1;
        return made;
    }

    void open(Node made, YAML::anchor_t anchor) {
        if (open_.size() >= max_depth) {
            throw Refused{made.line, made.column, fmt::format("nested deeper than {} levels", max_depth)};
        }
        open_.push_back({std::move(made), anchor, std::nullopt});
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        add(std::move(done.node), done.anchor);
    }

    void add(Node made, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            nodes_ += size_of(made);
            if (nodes_ > max_nodes) refuse_count(made.line, made.column);
            anchored_[anchor] = made;
        }
        place(std::move(made));
    }

    void place(Node made) {
        if (open_.empty()) {
            root = std::move(made);
        } else if (Open& parent = open_.back(); parent.node.is(Node::Kind::List)) {
            parent.node.items.push_back(std::move(made));
        } else if (!parent.key) {
            parent.key = std::move(made);
        } else {
            // yaml-cpp places a missing value at the next token, which may be anywhere.
            if (made.is(Node::Kind::Null)) {
                made.line = parent.key->line;
                made.column = parent.key->column;
            }
            parent.node.entries.push_back({std::move(*parent.key), std::move(made)});
            parent.key.reset();
        }
    }

    static std::size_t depth_of(const Node& node) {
        std::size_t below = 0;
        for (const Node& item : node.items)
            below = std::max(below, depth_of(item));
        for (const auto& [key, value] : node.entries)
            below = std::max({below, depth_of(key), depth_of(value)});
        return below + (node.is(Node::Kind::List) || node.is(Node::Kind::Map) ? 1 : 0);
    }

    std::string_view text_;
    int line_ = 0;  ///< line of the last quoted text, from 0, and where it starts
    std::size_t line_start_ = 0;
    int documents_ = 0;
    std::size_t nodes_ = 0;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchored_;
};

/// Octets of the UTF-8 sequence at the start of the text, 0 where there is none (RFC 3629).
std::size_t utf8_sequence(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = octet(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((octet(i) & 0xC0) != 0x80) return 0;
    }
    const unsigned char second = octet(1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool surrogate = lead == 0xED && second > 0x9F;
    const bool too_large = lead == 0xF4 && second > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

/// What yaml-cpp would misread without a word: its reader takes 0x04 for the end of the file.
std::optional<Refused> check_characters(std::string_view text) {
    int line = 1;
    std::size_t line_start = 0;
    bool indentation = true;
    for (std::size_t at = 0; at < text.size();) {
        const auto here = [&](std::string message) {
            return Refused{line, static_cast<int>(at - line_start) + 1, std::move(message)};
        };
        const std::size_t length = utf8_sequence(text.substr(at));
        if (length == 0) return here("not UTF-8");
        const auto octet = static_cast<unsigned char>(text[at]);
        if ((octet < 0x20 && octet != '\t' && octet != '\n' && octet != '\r') || octet == 0x7F) {
            return here(fmt::format("control character 0x{:02X}", octet));
        }
        if (octet == '\r' && (at + 1 == text.size() || text[at + 1] != '\n')) {
            return here("carriage return without a line feed");
        }
        if (octet == '\t' && indentation) return here("tab in the indentation; indent with spaces");
        if (octet == '\n') {
            ++line;
            line_start = at + 1;
            indentation = true;
        } else if (octet != ' ') {
            indentation = false;
        }
        at += length;
    }
    return std::nullopt;
}

/// The commonest messages of yaml-cpp, with what to look for.
std::string explained(const std::string& message) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> hints{{
        {"end of sequence flow not found", "the list that begins here lacks its `]`"},
        {"end of map flow not found", "the map that begins here lacks its `}`"},
        {"illegal map value",
         "a `:` is not expected here: the step above lacks its own (`- attest:`, where a line like `expect:` "
         "follows), or a text with `: ` in it lacks its quotes"},
        {"end of map not found", "expected `key: value`, indented like the lines before"},
        {"end of sequence not found", "expected `- item`, indented like the items before"},
        {"illegal EOF in scalar", "the quote is not closed"},
    }};
    for (const auto& [theirs, ours] : hints) {
        if (message == theirs) return std::string(ours);
    }
    return message;
}

/// Where a reference stands in a list or map without quotes, whose braces it then ends: an octet of the text.
std::optional<std::size_t> bare_reference(std::string_view text, std::size_t from) {
    for (std::size_t at = text.find("${", from); at != std::string_view::npos; at = text.find("${", at + 1)) {
        const std::size_t before = text.find_last_not_of(' ', at - 1);
        if (before != std::string_view::npos &&
            std::string_view(":,[").find(text[before]) != std::string_view::npos)
            return at;
    }
    return std::nullopt;
}

std::size_t start_of_line(std::string_view text, int line) {
    std::size_t start = 0;
    for (int i = 1; i < line; ++i)
        start = text.find('\n', start) + 1;
    return start;
}

/// yaml-cpp's marks may lie behind the end of the text.
Position inside(std::string_view text, const std::string& file, int line, int column) {
    int lines = static_cast<int>(std::ranges::count(text, '\n')) + 1;
    if (lines > 1 && text.back() == '\n') --lines;
    line = std::clamp(line, 1, lines);
    const std::size_t start = start_of_line(text, line);
    const std::size_t end = std::min(text.find('\n', start), text.size());
    return {file, line, std::clamp(column, 1, static_cast<int>(end - start) + 1)};
}

}  // namespace

std::optional<std::string> read_yaml_text(const std::filesystem::path& path, std::vector<Problem>& problems) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
        problems.push_back({{path.string(), 0, 0}, "not a regular file"});
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    std::string text(error ? 0 : static_cast<std::size_t>(std::min<std::uintmax_t>(size, max_file_size + 1)),
                     '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!in.is_open() || in.bad() || error) {
        problems.push_back({{path.string(), 0, 0}, "cannot be read"});
        return std::nullopt;
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

const Entry* find_entry(const Node& map, std::string_view key) {
    const auto at = std::ranges::find_if(map.entries, [&](const Entry& one) { return one.key.text == key; });
    return at == map.entries.end() ? nullptr : &*at;
}

std::size_t size_of(const Node& node) {
    std::size_t size = 1 + node.text.size() / 32;
    for (const Node& item : node.items)
        size += size_of(item);
    for (const auto& [key, value] : node.entries)
        size += size_of(key) + size_of(value);
    return size;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::optional<Node> parse_yaml(std::string_view text, const std::string& file, std::vector<Problem>& problems,
                               std::string_view expected) {
    const auto refuse = [&](int line, int column, std::string message) {
        problems.push_back({inside(text, file, line, column), std::move(message)});
        return std::nullopt;
    };
    if (text.size() > max_file_size) {
        return refuse(1, 1, fmt::format("larger than {} KiB", max_file_size / 1024));
    }
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (const auto refused = check_characters(text)) {
        return refuse(refused->line, refused->column, refused->message);
    }
    TreeBuilder builder(text);
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Refused& refused) {
        return refuse(refused.line, refused.column, refused.message);
    } catch (const YAML::Exception& error) {
        // For a bracket that is not closed yaml-cpp names the end of the file.
        const Node* open = error.msg.ends_with("flow not found") ? builder.innermost_open() : nullptr;
        if (open != nullptr) {
            const std::size_t start = start_of_line(text, open->line);
            if (const auto at = bare_reference(text, start + static_cast<std::size_t>(open->column))) {
                const auto line = static_cast<int>(std::ranges::count(text.substr(0, *at), '\n')) + 1;
                const std::string_view reference = text.substr(*at, text.find('}', *at) - *at);
                return refuse(
                    line, static_cast<int>(*at - start_of_line(text, line)) + 1,
                    fmt::format("within [ ] and {{ }} a reference needs quotes: \"{}}}\"", shown(reference)));
            }
        }
        return refuse(open != nullptr ? open->line : error.mark.line + 1,
                      open != nullptr ? open->column : error.mark.column + 1,
                      "not YAML: " + explained(error.msg));
    }
    if (!builder.root) return refuse(1, 1, fmt::format("the file is empty; expected {}", expected));
    return std::move(builder.root);
}

}  // namespace pushsim::scenario
