// A substitute for the engine's ticker. The test calls Frame once a frame.
#pragma once

#include "CoreMinimal.h"

using FTickerDelegate = TDelegate<bool(float)>;

class FTSTicker {
public:
    struct FDelegateHandle {
        int32 Number = 0;
        void Reset() { Number = 0; }
    };
    static FTSTicker& GetCoreTicker() {
        static FTSTicker ticker;
        return ticker;
    }
    FDelegateHandle AddTicker(FTickerDelegate delegate) {
        tickers_[++last_] = std::move(delegate);
        return {last_};
    }
    void RemoveTicker(FDelegateHandle handle) { tickers_.erase(handle.Number); }
    std::size_t Frame() {
        const auto now = tickers_;
        for (const auto& [number, delegate] : now) {
            if (tickers_.count(number) != 0 && !delegate.Execute(0.016f)) tickers_.erase(number);
        }
        return tickers_.size();
    }

private:
    std::map<int32, FTickerDelegate> tickers_;
    int32 last_ = 0;
};
