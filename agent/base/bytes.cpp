#include "agent/base/bytes.hpp"

#include <array>

#include <fmt/format.h>

namespace pushsim {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_base64_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kBase64.size(); ++i) {
        values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}

constexpr auto kBase64Values = make_base64_values();

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string to_hex(ByteView data) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(data.size() * 2);
    for (const std::uint8_t octet : data) {
        text.push_back(digits[octet >> 4]);
        text.push_back(digits[octet & 15]);
    }
    return text;
}

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return fail(ErrorKind::Parse, fmt::format("not hexadecimal: odd number of digits ({})", text.size()));
    }
    Bytes data;
    data.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) {
            return fail(ErrorKind::Parse, fmt::format("not hexadecimal at digit {}", high < 0 ? i : i + 1));
        }
        data.push_back(static_cast<std::uint8_t>(high << 4 | low));
    }
    return data;
}

std::string to_base64(ByteView data) {
    std::string text;
    text.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const std::size_t left = data.size() - i;
        std::uint32_t group = static_cast<std::uint32_t>(data[i]) << 16;
        if (left > 1) group |= static_cast<std::uint32_t>(data[i + 1]) << 8;
        if (left > 2) group |= data[i + 2];
        text.push_back(kBase64[group >> 18 & 63]);
        text.push_back(kBase64[group >> 12 & 63]);
        text.push_back(left > 1 ? kBase64[group >> 6 & 63] : '=');
        text.push_back(left > 2 ? kBase64[group & 63] : '=');
    }
    return text;
}

Result<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return fail(ErrorKind::Parse, fmt::format("not base64: length {} is no multiple of 4", text.size()));
    }
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;

    Bytes data;
    data.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    const std::size_t symbols = text.size() - padding;
    for (std::size_t i = 0; i < symbols; ++i) {
        const std::int8_t value = kBase64Values[static_cast<unsigned char>(text[i])];
        if (value < 0) return fail(ErrorKind::Parse, fmt::format("not base64 at character {}", i));
        group = group << 6 | static_cast<std::uint32_t>(value);
        if (i % 4 == 3) {
            data.push_back(static_cast<std::uint8_t>(group >> 16));
            data.push_back(static_cast<std::uint8_t>(group >> 8));
            data.push_back(static_cast<std::uint8_t>(group));
            group = 0;
        }
    }
    const std::uint32_t spare_bits = padding == 1 ? group & 3 : padding == 2 ? group & 15 : 0;
    if (spare_bits != 0) return fail(ErrorKind::Parse, "not base64: bits set behind the last octet");
    if (padding == 1) {
        data.push_back(static_cast<std::uint8_t>(group >> 10));
        data.push_back(static_cast<std::uint8_t>(group >> 2));
    } else if (padding == 2) {
        data.push_back(static_cast<std::uint8_t>(group >> 4));
    }
    return data;
}

}  // namespace pushsim
