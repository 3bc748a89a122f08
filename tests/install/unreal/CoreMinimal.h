// Substitutes for the few types of Unreal that the plugin uses, so that the plugin compiles and
// runs without the engine. They have only the functions that the plugin calls.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using int32 = std::int32_t;
using uint32 = std::uint32_t;
using uint8 = std::uint8_t;
using TCHAR = char16_t;

// The engine's macros. `check` and `verify` show whether the library's headers survive them.
#define check(condition) static_cast<void>(condition)
#define verify(condition) static_cast<void>(condition)
#define TEXT_PASTE(text) u##text
#define TEXT(text) TEXT_PASTE(text)
#define IPLAYGAMES_API
#define THIRD_PARTY_INCLUDES_START
#define THIRD_PARTY_INCLUDES_END
#define UENUM(...)
#define USTRUCT(...)
#define UCLASS(...)
#define UPROPERTY(...)
#define UFUNCTION(...)
#define GENERATED_BODY() GENERATED_BODY_OF_THIS_FILE
#define GENERATED_BODY_OF_THIS_FILE
#define DEFINE_LOG_CATEGORY_STATIC(name, level, all) [[maybe_unused]] static int name
#define UE_LOG(category, level, ...) WriteLog(__VA_ARGS__)

std::string ToNarrow(const TCHAR* text);
std::u16string ToWide(const char* text);
// The texts of UE_LOG, without their arguments.
inline std::vector<std::u16string> LogLines;
template <class... Arguments> void WriteLog(const TCHAR* text, Arguments...) {
    LogLines.emplace_back(text);
}

#define TCHAR_TO_UTF8(text) ToNarrow(text).c_str()
#define UTF8_TO_TCHAR(text) ToWide(text).c_str()

class FString {
public:
    FString() = default;
    FString(const TCHAR* text) : text_(text) {}
    const TCHAR* operator*() const { return text_.c_str(); }
    bool IsEmpty() const { return text_.empty(); }
    bool operator==(const FString& other) const { return text_ == other.text_; }

private:
    std::u16string text_;
};

struct FMath {
    template <class T> static T Max(T one, T other) { return std::max(one, other); }
};

template <class T> std::remove_reference_t<T>&& MoveTemp(T&& value) {
    return std::move(value);
}

template <class T> class TArray {
public:
    void Add(T item) { items_.push_back(std::move(item)); }
    void Reset() { items_.clear(); }
    int32 Num() const { return static_cast<int32>(items_.size()); }
    const T& Last() const { return items_.back(); }
    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }

private:
    std::vector<T> items_;
};

template <class Key, class Value> class TMap {
public:
    void Add(Key key, Value&& value) { items_[key] = std::move(value); }
    void Remove(Key key) { items_.erase(key); }

private:
    std::map<Key, Value> items_;
};

template <class T> class TSharedPtr {
public:
    TSharedPtr() = default;
    TSharedPtr(std::shared_ptr<T> pointer) : pointer_(std::move(pointer)) {}
    bool IsValid() const { return pointer_ != nullptr; }
    void Reset() { pointer_.reset(); }
    T* Get() const { return pointer_.get(); }
    T* operator->() const { return pointer_.get(); }
    bool operator!=(const TSharedPtr& other) const { return pointer_ != other.pointer_; }

private:
    std::shared_ptr<T> pointer_;
};

template <class T> TSharedPtr<T> MakeShared() {
    return TSharedPtr<T>(std::make_shared<T>());
}

template <class Signature> class TDelegate;
template <class R, class... Arguments> class TDelegate<R(Arguments...)> {
public:
    template <class F> static TDelegate CreateLambda(F function) {
        TDelegate delegate;
        delegate.function_ = std::move(function);
        return delegate;
    }
    template <class T> static TDelegate CreateUObject(T* object, R (T::*method)(Arguments...)) {
        return CreateLambda([object, method](Arguments... arguments) { return (object->*method)(arguments...); });
    }
    R Execute(Arguments... arguments) const { return function_(arguments...); }
    bool ExecuteIfBound(Arguments... arguments) const {
        if (function_) function_(arguments...);
        return function_ != nullptr;
    }

private:
    std::function<R(Arguments...)> function_;
};
#define DECLARE_DELEGATE_OneParam(name, type) using name = TDelegate<void(type)>
#define DECLARE_DYNAMIC_DELEGATE_OneParam(name, type, parameter) using name = TDelegate<void(type)>
