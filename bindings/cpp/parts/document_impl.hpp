// The functions of Document and Error that need Result and the C interface. No declarations.
#pragma once
#include "document.hpp"
#include "error.hpp"
#include "native.hpp"
#include "result.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

inline Result<Value> Document::get(std::string_view pointer) const {
    const detail::CStr c_pointer("pointer", pointer);
    if (auto error = detail::first_error(c_pointer)) {
        return std::move(*error);
    }
    if (const auto message = detail::nul_message("json", json_)) {
        return detail::make_error(IPG_ERR_INVALID_ARGUMENT, *message);
    }
    detail::OwnedString value;
    std::int32_t type = 0;
    std::size_t length = 0;
    const ipg_code code = ipg_json_get(json_.c_str(), c_pointer.get(), &type, value.out(), &length);
    if (code != IPG_OK) {
        return code == IPG_ERR_INVALID_ARGUMENT
                   ? detail::make_error(code, "The document is not JSON, or the pointer is not a JSON pointer.")
                   : detail::make_error(code);
    }
    return Value{static_cast<Type>(type), value.to_string(length)};
}

inline std::optional<std::string> Document::text(std::string_view pointer) const {
    auto value = get(pointer);
    if (!value || (value->type != Type::string && value->type != Type::number)) {
        return std::nullopt;
    }
    return std::move(value->text);
}

inline std::optional<std::int64_t> Document::integer(std::string_view pointer) const {
    const auto digits = text(pointer);
    std::int64_t number = 0;
    if (!digits || digits->empty()) {
        return std::nullopt;
    }
    const char* end = digits->data() + digits->size();
    const auto parsed = std::from_chars(digits->data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
        return std::nullopt;
    }
    return number;
}

inline Outcome Error::outcome() const {
    const std::string name = text("/error/outcome").value_or("");
    if (name == "not_sent") return Outcome::not_sent;
    if (name == "rejected") return Outcome::rejected;
    return Outcome::unknown; // Also for a name that this header does not know: the cautious answer.
}

inline bool Error::retryable() const {
    const auto value = get("/error/retryable");
    return value && value->text == "true";
}

inline std::optional<std::string> Error::body() const {
    auto value = get("/error/body");
    if (!value || value->type == Type::null) {
        return std::nullopt;
    }
    // get() returns a string without its quotes, and body() returns JSON.
    return value->type == Type::string ? detail::quote_json(value->text) : std::move(value->text);
}

inline std::string Error::describe() const {
    std::string line = message();
    if (const auto pointer = field()) {
        line += " (" + *pointer + ")";
    }
    line += std::string(" [") + name();
    if (const auto status = http_status()) {
        line += ", HTTP " + std::to_string(*status);
    }
    if (attempts() > 0) {
        line += ", outcome " + text("/error/outcome").value_or("unknown");
    }
    return line + "]";
}

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
