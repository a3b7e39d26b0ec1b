#include <curl/curl.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Mime = std::unique_ptr<curl_mime, decltype(&curl_mime_free)>;

struct Answer {
  long status;
  std::string body;
};

size_t append(char* data, size_t, size_t length, void* text) {
  static_cast<std::string*>(text)->append(data, length);
  return length;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : throw std::runtime_error(std::string("set ") + name);
}

std::string header(CURL* curl, const char* name) {
  curl_header* found;
  return curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) ? "" : found->value;
}

Answer perform(CURL* curl) {
  Answer answer;
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 120L);  // by itself it waits for ever
  if (CURLcode failed = curl_easy_perform(curl)) throw std::runtime_error(curl_easy_strerror(failed));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

// The API's answer; one that says when to come again is asked again then.
Answer ask(CURL* curl, const std::string& path) {
  curl_easy_setopt(curl, CURLOPT_URL, (variable("OPENAI_BASE_URL") + path).c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
  curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, variable("OPENAI_API_KEY").c_str());
  for (int tries = 1;; tries++) {
    Answer answer = perform(curl);
    std::string ms = header(curl, "retry-after-ms"), seconds = header(curl, "retry-after");
    bool is_told = !ms.empty() || !seconds.empty();
    if (answer.status != 429 || !is_told || tries == 3) return answer;
    double wait = ms.empty() ? 1000 * std::atof(seconds.c_str()) : std::atof(ms.c_str());
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(wait));
  }
}

// As JSON has it: C++ itself writes none.
std::string quoted(const std::string& text) {
  std::string found = std::regex_replace(text, std::regex(R"(["\\])"), R"(\$&)");
  return '"' + std::regex_replace(found, std::regex("\n"), "\\n") + '"';
}

Answer generate(const std::string& prompt, const std::string& size) {
  Curl curl(curl_easy_init(), curl_easy_cleanup);
  std::string body = R"({"model": "dall-e-2", "prompt": )" + quoted(prompt) + R"(, "size": )" + quoted(size) + "}";
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  return ask(curl.get(), "/images/generations");
}

Answer edit(const std::string& prompt, const std::string& size) {
  Curl curl(curl_easy_init(), curl_easy_cleanup);
  Mime form(curl_mime_init(curl.get()), curl_mime_free);
  auto add = [&](const char* name) {
    curl_mimepart* part = curl_mime_addpart(form.get());
    curl_mime_name(part, name);
    return part;
  };
  curl_mime_filedata(add("image"), "image.png");  // says image/png by the file's name
  curl_mime_filedata(add("mask"), "mask.png");
  curl_mime_data(add("model"), "dall-e-2", CURL_ZERO_TERMINATED);
  curl_mime_data(add("prompt"), prompt.c_str(), CURL_ZERO_TERMINATED);
  curl_mime_data(add("size"), size.c_str(), CURL_ZERO_TERMINATED);
  curl_easy_setopt(curl.get(), CURLOPT_MIMEPOST, form.get());
  return ask(curl.get(), "/images/edits");
}

// The first text of this name: C++ itself reads no JSON.
std::string text(const std::string& name, const std::string& json) {
  std::smatch found;
  if (!std::regex_search(json, found, std::regex('"' + name + R"re(":\s*"((?:[^"\\]|\\.)*)")re")))
    throw std::runtime_error("no " + name + ": " + json);
  return std::regex_replace(found.str(1), std::regex(R"(\\(.))"), "$1");
}

void save(const std::string& file, const Answer& answer) {
  if (answer.status != 200) {
    std::cout << answer.status << ": " << text("message", answer.body) << "\n";
    return;
  }
  Curl curl(curl_easy_init(), curl_easy_cleanup);
  curl_easy_setopt(curl.get(), CURLOPT_URL, text("url", answer.body).c_str());
  std::string png = perform(curl.get()).body;
  if (png.rfind("\x89PNG\r\n\x1a\n", 0) != 0) throw std::runtime_error("this is no PNG");
  auto number = [&](size_t at) {  // of two bytes, for no picture has more pixels
    return static_cast<unsigned char>(png.at(at)) << 8 | static_cast<unsigned char>(png.at(at + 1));
  };
  std::ofstream out(file, std::ios::binary);
  if (!(out << png << std::flush)) throw std::runtime_error("can't write " + file);
  std::cout << file << ": " << number(18) << "x" << number(22) << "\n";
}

int main() try {
  save("fox.png", generate("a red fox", "256x256"));
  save("edit.png", edit("a café at dusk", "512x512"));
  save("no.png", generate("a red fox", "300x300"));
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
