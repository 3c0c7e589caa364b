// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>

#include <genu/network/live_message.h>

namespace genu::network {

double clock_s() {
  using std::chrono::duration;
  using Steady = std::chrono::steady_clock;
  using Wall = std::chrono::system_clock;
  struct Start {
    Steady::time_point steady = Steady::now();
    double wall_s = duration<double>(Wall::now().time_since_epoch()).count();
  };
  static const Start start;
  return start.wall_s + duration<double>(Steady::now() - start.steady).count();
}

std::string meaning_of_status(int code) {
  // OpenIGTLink's protocol, STATUS, in its order.
  constexpr std::array meanings{"invalid",
                                "OK",
                                "unknown error",
                                "panic",
                                "not found",
                                "access denied",
                                "busy",
                                "time out",
                                "overflow",
                                "checksum error",
                                "wrong configuration",
                                "out of resources",
                                "unknown instruction",
                                "not ready",
                                "manual mode",
                                "disabled",
                                "not present",
                                "unknown version",
                                "hardware failure",
                                "shutting down"};
  const bool known = code >= 0 && static_cast<std::size_t>(code) < meanings.size();
  return known ? meanings[static_cast<std::size_t>(code)] : "status " + std::to_string(code);
}

}  // namespace genu::network
