// The subsystem that owns a client of the IPlayGames API and ticks it once a frame, and the types
// of its results. Games use it from C++ and from Blueprints.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#pragma once

#include "CoreMinimal.h"

#include "Containers/Ticker.h"
#include "Subsystems/GameInstanceSubsystem.h"

#include "IPlayGamesSubsystem.generated.h"

/** Whether the server may have processed a failed call. */
UENUM(BlueprintType)
enum class EIPlayGamesOutcome : uint8 {
    /** The call was not sent; the server did not process it. */
    NotSent,
    /** The API rejected the call. */
    Rejected,
    /** The server may have processed the call: after a start, a session may exist. */
    Unknown
};

/** The result of a call, or an update of a watch. */
USTRUCT(BlueprintType)
struct IPLAYGAMES_API FIPlayGamesResult {
    GENERATED_BODY()

    /** True if the call succeeded. */
    UPROPERTY(BlueprintReadOnly, Category = "IPlayGames")
    bool bSucceeded = false;

    /** True if no later result follows. False for the updates of a watch. */
    UPROPERTY(BlueprintReadOnly, Category = "IPlayGames")
    bool bLast = true;

    /** The code, as in iplaygames.h: 0 is success. */
    UPROPERTY(BlueprintReadOnly, Category = "IPlayGames")
    int32 Code = 0;

    /** The name of the code, such as IPG_ERR_NOT_FOUND. */
    UPROPERTY(BlueprintReadOnly, Category = "IPlayGames")
    FString CodeName;

    /** The error message; empty if the call succeeded. */
    UPROPERTY(BlueprintReadOnly, Category = "IPlayGames")
    FString Message;

    /** For a failed call: whether the server may have processed it. */
    UPROPERTY(BlueprintReadOnly, Category = "IPlayGames")
    EIPlayGamesOutcome Outcome = EIPlayGamesOutcome::NotSent;

    /**
     * The response of the API, or the error document, as JSON. The response to a start contains the
     * URL and the token of the session: do not write it to a log.
     */
    UPROPERTY(BlueprintReadOnly, Category = "IPlayGames")
    FString Json;

    /**
     * Returns the value at a JSON pointer of Json, such as "/data/session_id": a string without
     * quotes, any other type as JSON. Returns an empty string if there is no value.
     */
    FString Get(const FString& Pointer) const;
};

/** Receives results in C++. */
DECLARE_DELEGATE_OneParam(FIPlayGamesDelegate, const FIPlayGamesResult&);
/** Receives results in Blueprints. */
DECLARE_DYNAMIC_DELEGATE_OneParam(FIPlayGamesDynamicDelegate, const FIPlayGamesResult&, Result);

/**
 * Owns one client, and ticks it once a frame on the game thread. No function blocks. Call all
 * functions on the game thread.
 *
 * The subsystem opens the client at its start if the project's DefaultGame.ini has a base URL:
 *
 *     [/Script/IPlayGames.IPlayGamesSubsystem]
 *     BaseUrl=https://relay.example
 *
 * A delegate runs inside the tick of a later frame, also for a call that is refused. A call that is
 * in flight when the client closes ends with IPG_ERR_CANCELED.
 */
UCLASS(Config = Game)
class IPLAYGAMES_API UIPlayGamesSubsystem : public UGameInstanceSubsystem {
    GENERATED_BODY()

public:
    /** Opens the client if BaseUrl is set, and starts to tick. */
    virtual void Initialize(FSubsystemCollectionBase& Collection) override;

    /** Stops to tick, and closes the client. */
    virtual void Deinitialize() override;

    /**
     * Opens the client with a configuration in JSON; iplaygames.h lists its keys. Closes the client
     * that was open before. Returns false, and the reason in OutError, if the configuration is
     * refused. Do not ship the operator's key in a game: use the address of a relay.
     */
    UFUNCTION(BlueprintCallable, Category = "IPlayGames")
    bool Open(const FString& ConfigJson, FString& OutError);

    /** Cancels the calls in flight, runs their delegates, and closes the client. */
    UFUNCTION(BlueprintCallable, Category = "IPlayGames")
    void Close();

    /** Returns true if the client is open. */
    UFUNCTION(BlueprintPure, Category = "IPlayGames")
    bool IsOpen() const;

    /** Calls an operation, such as "list_games". The arguments are one flat JSON object. */
    void Submit(const FString& Operation, const FString& ArgumentsJson, FIPlayGamesDelegate OnResult);

    /**
     * Watches a session: reads its status at an interval until the session ends, and runs the
     * delegate for each change. bLast of the result marks the end. Returns a number for
     * StopWatching.
     */
    int32 WatchSession(const FString& SessionId, int32 IntervalMs, FIPlayGamesDelegate OnChange);

    /** Stops a watch. Its delegate does not run again. */
    UFUNCTION(BlueprintCallable, Category = "IPlayGames")
    void StopWatching(int32 Watch);

    /** Calls an operation, for Blueprints. */
    UFUNCTION(BlueprintCallable, Category = "IPlayGames", meta = (DisplayName = "Submit"))
    void SubmitDynamic(const FString& Operation, const FString& ArgumentsJson, FIPlayGamesDynamicDelegate OnResult);

    /** Watches a session, for Blueprints. */
    UFUNCTION(BlueprintCallable, Category = "IPlayGames", meta = (DisplayName = "Watch Session"))
    int32 WatchSessionDynamic(const FString& SessionId, int32 IntervalMs, FIPlayGamesDynamicDelegate OnChange);

    /** Returns the value at a JSON pointer of a result, for Blueprints. */
    UFUNCTION(BlueprintPure, Category = "IPlayGames")
    static FString GetValue(const FIPlayGamesResult& Result, const FString& Pointer);

    /** The address of the relay, or of the API. */
    UPROPERTY(Config)
    FString BaseUrl;

    /** How long one tick may take, in microseconds. */
    UPROPERTY(Config, BlueprintReadWrite, Category = "IPlayGames")
    int32 TickBudgetUs = 500;

private:
    struct FState;

    bool Tick(float DeltaSeconds);

    // Shared, because a delegate that runs inside Tick may close the client.
    TSharedPtr<FState> State;
    FTSTicker::FDelegateHandle Ticker;
};
