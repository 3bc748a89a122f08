// JsonObjectBuilder, which writes a JSON object, and Builder, the base class of Config, CallOptions
// and StartSession.
#pragma once
#include "document.hpp"
#include "native.hpp"
#include "result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace iplaygames {
inline namespace IPLAYGAMES_NAMESPACE {

namespace detail {

/// @cond
/** Collects the fields of a JSON object. Keeps an error message for each field that is invalid. */
class JsonObjectBuilder {
public:
    /** Starts with the fields of `base`, which is the text of a JSON object or empty. */
    explicit JsonObjectBuilder(std::string_view base = {}) : base_(std::string(base)) {}

    /** Sets a field. A later value of the same name replaces an earlier one. */
    void set(std::string_view name, std::string json, std::optional<std::string> error_message = std::nullopt) {
        for (Field& field : fields_) {
            if (field.name == name) {
                field.json = std::move(json);
                field.error_message = std::move(error_message);
                return;
            }
        }
        fields_.push_back({std::string(name), std::move(json), std::move(error_message)});
    }

    void set_string(std::string_view name, std::string_view text) {
        auto error_message = nul_message(name, text);
        auto json = quote_json(text);
        if (!error_message && !json) {
            error_message = "`" + std::string(name) + "` is not UTF-8.";
        }
        set(name, std::move(json).value_or("null"), std::move(error_message));
    }

    void set_json(std::string_view name, std::string_view json) {
        set(name, std::string(json), nul_message(name, json));
    }

    [[nodiscard]] Result<std::string> to_json() const {
        auto out = open_object();
        if (!out) {
            return out;
        }
        bool first = *out == "{";
        for (const Field& field : fields_) {
            const auto name = quote_json(field.name);
            if (field.error_message || !name) {
                return make_error(IPG_ERR_INVALID_ARGUMENT,
                                  field.error_message.value_or("The name of a field is not UTF-8."), "/" + field.name);
            }
            *out += first ? "" : ",";
            *out += *name + ":" + field.json;
            first = false;
        }
        *out += "}";
        return out;
    }

private:
    struct Field {
        std::string name, json;
        std::optional<std::string> error_message;
    };

    /** Returns the base object without its closing brace. */
    [[nodiscard]] Result<std::string> open_object() const {
        if (base_.json().empty()) {
            return std::string("{");
        }
        auto object = base_.get("");
        if (!object) {
            return object.error();
        }
        if (object->type != Type::object) {
            return make_error(IPG_ERR_INVALID_ARGUMENT, "The JSON text is not an object.");
        }
        object->text.pop_back();
        object->text.erase(object->text.find_last_not_of(" \t\r\n") + 1);
        return std::move(object->text);
    }

    Document base_{};
    std::vector<Field> fields_;
};

/// @endcond
/**
 * The base class of objects that are built field by field: Config, CallOptions and StartSession.
 *
 * The setters copy their arguments and return the object, so that calls can be chained. They do not
 * fail: to_json(), and the functions that take the object, report an invalid value.
 */
template <class Self> class Builder {
public:
    /**
     * Creates an object with all fields of a JSON object; more fields can be added. Empty text
     * means an empty object. A field that is both in the text and set later is an error when the
     * object is used.
     */
    [[nodiscard]] static Self from_json(std::string_view json) {
        Self self;
        self.fields_ = JsonObjectBuilder(json);
        return self;
    }

    /**
     * Sets a field to a JSON value; for fields that this header does not know. An argument that the
     * library does not know either is a member of the object `extra`.
     */
    Self& field(std::string_view name, std::string_view json) {
        fields_.set_json(name, json);
        return self();
    }

    /**
     * Returns the JSON object.
     *
     * Errors: IPG_ERR_INVALID_ARGUMENT for text that contains a NUL or is not UTF-8; Error::field()
     * points at the field.
     */
    [[nodiscard]] Result<std::string> to_json() const { return fields_.to_json(); }

    /// @cond
protected:
    Builder() = default;

    Self& set_string(const char* name, std::string_view text) {
        fields_.set_string(name, text);
        return self();
    }
    Self& set_number(const char* name, std::int64_t number) {
        fields_.set(name, std::to_string(number));
        return self();
    }
    Self& set_bool(const char* name, bool value) {
        fields_.set(name, value ? "true" : "false");
        return self();
    }
    Self& self() { return static_cast<Self&>(*this); }

    JsonObjectBuilder fields_;
    /// @endcond
};

} // namespace detail

} // namespace IPLAYGAMES_NAMESPACE
} // namespace iplaygames
