// Asks google/robotstxt. stdin: lines "BODY AGENT URL", each in hex, "-" for nothing.
// stdout: per line "ALLOWED LINE": 1 or 0, and the number of the line that it names, 0 for none.
#include <iostream>
#include <string>

#include "robots.h"

static std::string bytes_of(const std::string& hex) {
  std::string found;
  for (size_t at = 0; at + 1 < hex.size(); at += 2) {
    found.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  }
  return found;
}

int main() {
  std::string body, agent, url;
  while (std::cin >> body >> agent >> url) {
    googlebot::RobotsMatcher matcher;
    const bool allowed =
        matcher.OneAgentAllowedByRobots(bytes_of(body), bytes_of(agent), bytes_of(url));
    std::cout << allowed << " " << matcher.matching_line() << "\n";
  }
}
