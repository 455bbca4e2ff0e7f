#pragma once
// A page of Markdown as it grows, its lines broken as those of the documents are.

#include <string>
#include <string_view>
#include <utility>

namespace pushsim::scenario {

class Page {
  public:
    void text(const char* prose) { page_ += prose; }
    void heading(int level, std::string_view words);
    /// A paragraph, broken into lines.
    void say(std::string_view words) { wrap("", "", words); }
    /// An item of a list.
    void item(int level, std::string_view words);
    void blank();
    std::string take() { return std::move(page_); }

  private:
    void wrap(std::string_view first, std::string_view next, std::string_view words);

    std::string page_;
};

}  // namespace pushsim::scenario
