// JSON documents: Type, Value, Document and Reply. Their functions that return a Result are defined
// in document_impl.hpp. Used by errors and replies.
#pragma once
#include "config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

template <class T> class Result;
class Error;

/** The type of a JSON value. */
enum class Type : std::int32_t {
    null = IPG_JSON_NULL,     /**< `null` */
    boolean = IPG_JSON_BOOL,  /**< `true` or `false` */
    number = IPG_JSON_NUMBER, /**< a number, with the digits of the document */
    string = IPG_JSON_STRING, /**< a string */
    array = IPG_JSON_ARRAY,   /**< an array */
    object = IPG_JSON_OBJECT  /**< an object */
};

/** One value of a document. */
struct Value {
    /** The type of the value. */
    Type type;
    /**
     * The text of the value: a string without quotes and escapes, a number with its digits, any
     * other type as JSON. The text may contain NUL characters.
     */
    std::string text;
};

/**
 * A JSON document, with functions to read its values without a JSON library.
 *
 * Threads: any number of threads may call the const functions at the same time.
 *
 * ```cpp
 * iplaygames::Document games(R"({"data": [{"id": 123, "price": 0.50}]})");
 * if (auto price = games.get("/data/0/price")) {
 *     std::printf("%s\n", price->text.c_str()); // 0.50
 * }
 * ```
 */
class Document {
public:
    /** Creates a document with an empty text, which is not valid JSON. */
    Document() = default;
    /** Creates a document with this text. Does not parse the text; the reading functions do. */
    explicit Document(std::string json) : json_(std::move(json)) {}

    /** Returns the complete text, unchanged. */
    [[nodiscard]] const std::string& json() const noexcept { return json_; }

    /**
     * Returns the value at a JSON pointer (RFC 6901), such as `"/data/session_id"`; see
     * ipg_json_get().
     *
     * Errors: IPG_ERR_NO_SUCH_FIELD if the document has no value at the pointer;
     * IPG_ERR_INVALID_ARGUMENT if the document or the pointer is malformed.
     */
    Result<Value> get(std::string_view pointer) const;

    /**
     * Returns the string or number at a pointer as text; nothing for any other type, or no value.
     */
    [[nodiscard]] std::optional<std::string> text(std::string_view pointer) const;

    /** Returns the integer at a pointer; nothing if it is no integer, or does not fit 64 bits. */
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view pointer) const;

private:
    std::string json_;
};

/** A response of the API: the server's JSON document. */
class Reply : public Document {
public:
    using Document::Document;
};

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
