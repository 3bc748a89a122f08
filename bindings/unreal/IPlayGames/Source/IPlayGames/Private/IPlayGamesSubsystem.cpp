// The implementation of the subsystem with the C++ wrapper of the library.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#include "IPlayGamesSubsystem.h"

THIRD_PARTY_INCLUDES_START
#include "iplaygames.hpp"
THIRD_PARTY_INCLUDES_END

DEFINE_LOG_CATEGORY_STATIC(LogIPlayGames, Log, All);

namespace {

std::string ToUtf8(const FString& Text) {
    return std::string(TCHAR_TO_UTF8(*Text));
}

FString FromUtf8(const std::string& Text) {
    return FString(UTF8_TO_TCHAR(Text.c_str()));
}

FIPlayGamesResult MakeResult(const iplaygames::Document& Reply) {
    FIPlayGamesResult Result;
    Result.bSucceeded = true;
    Result.CodeName = FString(UTF8_TO_TCHAR(ipg_code_name(IPG_OK)));
    Result.Json = FromUtf8(Reply.json());
    return Result;
}

FIPlayGamesResult MakeResult(const iplaygames::Error& Error) {
    FIPlayGamesResult Result;
    Result.Code = Error.code();
    Result.CodeName = FString(UTF8_TO_TCHAR(Error.name()));
    Result.Message = FromUtf8(Error.message());
    switch (Error.outcome()) {
    case iplaygames::Outcome::not_sent: Result.Outcome = EIPlayGamesOutcome::NotSent; break;
    case iplaygames::Outcome::rejected: Result.Outcome = EIPlayGamesOutcome::Rejected; break;
    case iplaygames::Outcome::unknown: Result.Outcome = EIPlayGamesOutcome::Unknown; break;
    }
    Result.Json = FromUtf8(Error.json());
    return Result;
}

} // namespace

FString FIPlayGamesResult::Get(const FString& Pointer) const {
    return FromUtf8(iplaygames::Document(ToUtf8(Json)).text(ToUtf8(Pointer)).value_or(""));
}

struct UIPlayGamesSubsystem::FState {
    struct FRefusal {
        FIPlayGamesDelegate Delegate;
        FIPlayGamesResult Result;
    };

    iplaygames::Client Client;
    TMap<int32, iplaygames::Watch> Watches;
    TArray<int32> EndedWatches;
    // Results of calls that were refused at once. The next tick runs their delegates.
    TArray<FRefusal> Refusals;
    int32 LastWatch = 0;
    bool bTicking = false;

    void Refuse(const FIPlayGamesDelegate& Delegate, const iplaygames::Error& Error) {
        Refusals.Add(FRefusal{Delegate, MakeResult(Error)});
    }

    void RunRefusals() {
        // Moved, because a delegate may submit another call.
        TArray<FRefusal> Refused = MoveTemp(Refusals);
        Refusals.Reset();
        for (const FRefusal& Refusal : Refused) {
            Refusal.Delegate.ExecuteIfBound(Refusal.Result);
        }
    }

    void RemoveEndedWatches() {
        for (int32 Watch : EndedWatches) {
            Watches.Remove(Watch);
        }
        EndedWatches.Reset();
    }

    // Cancels the calls in flight, and runs their delegates.
    void Finish() {
        if (Client.native() != nullptr) {
            (void)Client.shutdown(0).ok();
            Client.close();
        }
        RunRefusals();
    }
};

void UIPlayGamesSubsystem::Initialize(FSubsystemCollectionBase& Collection) {
    Super::Initialize(Collection);
    State = MakeShared<FState>();
    if (!BaseUrl.IsEmpty()) {
        const auto Config = iplaygames::Config().base_url(ToUtf8(BaseUrl)).to_json();
        FString Error;
        if (!Config || !Open(FromUtf8(*Config), Error)) {
            UE_LOG(LogIPlayGames, Error, TEXT("The client cannot be opened: %s"), *Error);
        }
    }
    Ticker = FTSTicker::GetCoreTicker().AddTicker(FTickerDelegate::CreateUObject(this, &UIPlayGamesSubsystem::Tick));
}

void UIPlayGamesSubsystem::Deinitialize() {
    FTSTicker::GetCoreTicker().RemoveTicker(Ticker);
    Ticker.Reset();
    Close();
    State.Reset();
    Super::Deinitialize();
}

bool UIPlayGamesSubsystem::Open(const FString& ConfigJson, FString& OutError) {
    auto Client = iplaygames::Client::create(iplaygames::Config::from_json(ToUtf8(ConfigJson)));
    if (!Client) {
        OutError = FromUtf8(Client.error().describe());
        return false;
    }
    Close();
    State->Client = std::move(*Client);
    OutError = FString();
    return true;
}

void UIPlayGamesSubsystem::Close() {
    if (!State.IsValid()) {
        return;
    }
    const TSharedPtr<FState> Old = State;
    State = MakeShared<FState>();
    State->LastWatch = Old->LastWatch;
    if (!Old->bTicking) { // otherwise Tick finishes it, outside of the delegate
        Old->Finish();
    }
}

bool UIPlayGamesSubsystem::IsOpen() const {
    return State.IsValid() && State->Client.native() != nullptr;
}

void UIPlayGamesSubsystem::Submit(const FString& Operation, const FString& ArgumentsJson,
                                  FIPlayGamesDelegate OnResult) {
    if (!State.IsValid()) {
        return;
    }
    const auto Submitted = State->Client.submit_detached(
        ToUtf8(Operation), ToUtf8(ArgumentsJson), {}, [OnResult](iplaygames::Result<iplaygames::Reply> Reply) {
            OnResult.ExecuteIfBound(Reply ? MakeResult(*Reply) : MakeResult(Reply.error()));
        });
    if (!Submitted) {
        State->Refuse(OnResult, Submitted.error());
    }
}

int32 UIPlayGamesSubsystem::WatchSession(const FString& SessionId, int32 IntervalMs, FIPlayGamesDelegate OnChange) {
    if (!State.IsValid()) {
        return 0;
    }
    const int32 Number = ++State->LastWatch;
    FState* Owner = State.Get(); // The client of this state runs the callback, so the state exists then.
    auto Watch = Owner->Client.session_watch(ToUtf8(SessionId), static_cast<uint32>(FMath::Max(IntervalMs, 0)),
                                             [Owner, Number, OnChange](const iplaygames::WatchEvent& Event) {
                                                 FIPlayGamesResult Result = Event.status
                                                                                ? MakeResult(*Event.status)
                                                                                : MakeResult(Event.status.error());
                                                 Result.bLast = Event.ended;
                                                 if (Event.ended) {
                                                     Owner->EndedWatches.Add(Number);
                                                 }
                                                 OnChange.ExecuteIfBound(Result);
                                             });
    if (Watch) {
        Owner->Watches.Add(Number, std::move(*Watch));
    } else {
        Owner->Refuse(OnChange, Watch.error());
    }
    return Number;
}

void UIPlayGamesSubsystem::StopWatching(int32 Watch) {
    if (State.IsValid()) {
        State->Watches.Remove(Watch);
    }
}

void UIPlayGamesSubsystem::SubmitDynamic(const FString& Operation, const FString& ArgumentsJson,
                                         FIPlayGamesDynamicDelegate OnResult) {
    Submit(Operation, ArgumentsJson, FIPlayGamesDelegate::CreateLambda([OnResult](const FIPlayGamesResult& Result) {
               OnResult.ExecuteIfBound(Result);
           }));
}

int32 UIPlayGamesSubsystem::WatchSessionDynamic(const FString& SessionId, int32 IntervalMs,
                                                FIPlayGamesDynamicDelegate OnChange) {
    return WatchSession(SessionId, IntervalMs,
                        FIPlayGamesDelegate::CreateLambda(
                            [OnChange](const FIPlayGamesResult& Result) { OnChange.ExecuteIfBound(Result); }));
}

FString UIPlayGamesSubsystem::GetValue(const FIPlayGamesResult& Result, const FString& Pointer) {
    return Result.Get(Pointer);
}

bool UIPlayGamesSubsystem::Tick(float) {
    const TSharedPtr<FState> Current = State;
    if (Current.IsValid()) {
        Current->bTicking = true;
        if (Current->Client.native() != nullptr) {
            (void)Current->Client.tick(static_cast<uint32>(FMath::Max(TickBudgetUs, 0))).ok();
        }
        Current->RemoveEndedWatches();
        Current->RunRefusals();
        Current->bTicking = false;
        if (Current != State) { // a delegate has closed the client
            Current->Finish();
        }
    }
    return true; // tick again
}
