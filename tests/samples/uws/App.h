// What the sample of /languages/ calls of uWebSockets, declared after its examples, so that a compiler can read the sample.
#pragma once
#include <cstddef>
#include <string_view>

namespace uWS {
enum OpCode : unsigned char { TEXT = 1, BINARY = 2 };

struct Socket {
  bool subscribe(std::string_view topic);
  bool publish(std::string_view topic, std::string_view message, OpCode code, bool compress = false);
};
struct Request {
  std::string_view getHeader(std::string_view name);
};
struct Response {
  Response *writeStatus(std::string_view status);
  void end(std::string_view data = {}, bool close = false);
  template <typename UserData>
  void upgrade(UserData &&data, std::string_view key, std::string_view protocol, std::string_view extensions, void *context);
};

// In the library's order, which is that in which they must be named.
template <typename UserData>
struct Behavior {
  int compression = 0;
  unsigned int maxPayloadLength = 16 * 1024;
  unsigned short idleTimeout = 120;
  unsigned int maxBackpressure = 64 * 1024;
  bool closeOnBackpressureLimit = false;
  void (*upgrade)(Response *, Request *, void *) = nullptr;
  void (*open)(Socket *) = nullptr;
  void (*message)(Socket *, std::string_view, OpCode) = nullptr;
  void (*close)(Socket *, int, std::string_view) = nullptr;
};

struct App {
  template <typename UserData>
  App &&ws(std::string_view pattern, Behavior<UserData> &&behavior);
  App &&listen(std::string_view host, int port, void (*done)(void *));
  App &&run();
};
}  // namespace uWS
