// An accelerator that stays alive: frames come in by standard input, results go out by standard output.
//
//   live BEATS IN_BYTES OUT_BYTES POINT_BYTES SILENCE
//
//   in    count (4 bytes), operating_point (POINT_BYTES bytes), then count frames of BEATS beats of IN_BYTES bytes; read whole before the first clock
//   out   count answers: status (4 bytes), latency (8 bytes, signed), m_axis_tdata (OUT_BYTES bytes)
//
// All numbers little-endian. The frames of one request go back to back, a beat per clock as far as the accelerator
// takes it, and results are taken at once, before or after the last beat of their frame. Latency: clocks from the
// frame's last beat to its result, negative when the result was first. Between requests the clock stands still and every
// register keeps its value; the end of standard input ends the program. An answer whose status is not Fine is the last
// one, and ends it too.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <unistd.h>
#include <vector>

#include "Vlive.h"
#include "verilated.h"

enum Status : uint32_t {
  Fine = 0,
  Stuck = 1,    // nothing moved for SILENCE clocks, and results were due
  Protocol = 2  // a result that no frame asked for, or without TLAST
};

static bool receive(int file, void* data, size_t size) {
  for (char* to = static_cast<char*>(data); size > 0;) {
    const ssize_t got = read(file, to, size);
    if (got <= 0) return false;
    to += got;
    size -= got;
  }
  return true;
}

static bool send(int file, const void* data, size_t size) {
  for (const char* from = static_cast<const char*>(data); size > 0;) {
    const ssize_t put = write(file, from, size);
    if (put <= 0) return false;
    from += put;
    size -= put;
  }
  return true;
}

// Ports are integers or, from 65 bits on, arrays of words: both hold their bytes in little-endian order.
template <typename Port> static void set(Port& port, const uint8_t* bytes, size_t size) {
  Port value{};
  std::memcpy(&value, bytes, size);
  port = value;
}

static void clock_edge(Vlive& top) {
  top.ap_clk = 1;
  top.eval();
  top.ap_clk = 0;
}

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const size_t beats = std::strtoull(argv[1], nullptr, 10), in_bytes = std::strtoull(argv[2], nullptr, 10),
               out_bytes = std::strtoull(argv[3], nullptr, 10), point_bytes = std::strtoull(argv[4], nullptr, 10);
  const uint64_t silence = std::strtoull(argv[5], nullptr, 10);
  const int answers = dup(STDOUT_FILENO);  // what the model prints must not get between them
  dup2(STDERR_FILENO, STDOUT_FILENO);

  VerilatedContext context;
  context.commandArgs(argc, argv);  // nj_rom asks for plusargs, of which there are none
  Vlive top{&context};
  top.ap_clk = 0;
  top.ap_rst_n = 0;
  top.s_axis_tvalid = 0;
  top.m_axis_tready = 1;
  for (int i = 0; i < 8; i++) {
    top.eval();
    clock_edge(top);
  }
  top.ap_rst_n = 1;

  uint64_t cycle = 0;
  uint32_t count;
  std::vector<uint8_t> frames, point(point_bytes), answer(12 + out_bytes);
  while (receive(STDIN_FILENO, &count, sizeof count)) {
    if (!receive(STDIN_FILENO, point.data(), point.size())) return 1;
    set(top.operating_point, point.data(), point.size());
    frames.resize(count * beats * in_bytes);
    if (!receive(STDIN_FILENO, frames.data(), frames.size())) return 1;
    const size_t total = count * beats;
    std::deque<uint64_t> ended;  // cycles in which frames ended that still wait for their result
    struct Early {
      uint64_t cycle;
      std::vector<uint8_t> data;
    };
    std::deque<Early> early;  // results that still wait for the end of their frame
    size_t sent = 0, within = 0, results = 0, begun = 0;

    const auto reply = [&](uint32_t status, int64_t latency, const void* data) {
      std::memcpy(answer.data(), &status, 4);
      std::memcpy(answer.data() + 4, &latency, 8);
      std::memcpy(answer.data() + 12, data, out_bytes);
      return send(answers, answer.data(), answer.size());
    };
    for (uint64_t silent = 0; results < count; cycle++) {
      top.s_axis_tvalid = sent < total;
      if (sent < total) set(top.s_axis_tdata, frames.data() + sent * in_bytes, in_bytes);
      top.s_axis_tlast = within == beats - 1;
      top.eval();
      const auto* word = reinterpret_cast<const uint8_t*>(&top.m_axis_tdata);
      if (++silent > silence) {
        reply(Stuck, 0, word);
        return 1;
      }
      if (top.s_axis_tvalid && top.s_axis_tready) {
        silent = 0;
        sent++;
        if (within == 0) begun++;
        if (++within == beats) {
          within = 0;
          ended.push_back(cycle);
        }
      }
      if (top.m_axis_tvalid) {
        silent = 0;
        if (results + early.size() == begun || !top.m_axis_tlast) {
          reply(Protocol, 0, word);
          return 1;
        }
        early.push_back({cycle, {word, word + out_bytes}});
      }
      for (; !early.empty() && !ended.empty(); results++) {
        if (!reply(Fine, static_cast<int64_t>(early.front().cycle - ended.front()), early.front().data.data())) return 1;
        early.pop_front();
        ended.pop_front();
      }
      clock_edge(top);
    }
  }
  top.final();
  return 0;
}
