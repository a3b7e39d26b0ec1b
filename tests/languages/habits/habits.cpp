// What docs/languages.md says of libcurl; a line of curl's code, status and protocol for each request.
#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

size_t ignore(char*, size_t, size_t length, void*) { return length; }
size_t some(char* into, size_t size, size_t length, void* file) {
  return fread(into, size, length, static_cast<FILE*>(file));
}

void send(const std::string& path, const std::function<void(CURL*, curl_mime*)>& fill) {
  CURL* curl = curl_easy_init();
  curl_mime* form = curl_mime_init(curl);
  curl_easy_setopt(curl, CURLOPT_URL, (std::getenv("OPENAI_BASE_URL") + path).c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
  curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, std::getenv("OPENAI_API_KEY"));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
  curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 60000L);  // it waits to be asked
  fill(curl, form);
  CURLcode code = curl_easy_perform(curl);
  long status = 0, version = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &version);
  std::cout << code << " " << status << " " << version << "\n";
  curl_mime_free(form);
  curl_easy_cleanup(curl);
}

curl_mimepart* add(curl_mime* form, const char* name) {
  curl_mimepart* part = curl_mime_addpart(form);
  curl_mime_name(part, name);
  return part;
}

void edit(CURL* curl, curl_mime* form, const char* image, const char* name = nullptr) {
  curl_mime_data(add(form, "prompt"), "x", CURL_ZERO_TERMINATED);
  curl_mimepart* part = add(form, "image");
  curl_mime_filedata(part, image);
  if (name) curl_mime_filename(part, name);
  curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
}

int main() {
  send("/images/edits", [](CURL* curl, curl_mime* form) { edit(curl, form, "image.png"); });
  send("/images/edits", [](CURL* curl, curl_mime* form) { edit(curl, form, "large.png"); });
  send("/images/nothing", [](CURL* curl, curl_mime* form) { edit(curl, form, "large.png"); });
  send("/images/edits", [](CURL* curl, curl_mime* form) { edit(curl, form, "image.png", "photo"); });
  send("/images/edits", [](CURL* curl, curl_mime* form) { edit(curl, form, "image.png", "my \"photo\".png"); });
  send("/images/edits", [](CURL* curl, curl_mime* form) { edit(curl, form, "photo.webp"); });
  FILE* image = fopen("image.png", "rb");
  send("/images/edits", [&](CURL* curl, curl_mime* form) {  // a size that nobody knows
    curl_mimepart* part = add(form, "image");
    curl_mime_data_cb(part, -1, some, nullptr, nullptr, image);
    curl_mime_filename(part, "image.png");
    curl_mime_data(add(form, "prompt"), "x", CURL_ZERO_TERMINATED);
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
  });
  fclose(image);
  send("/images/generations", [](CURL* curl, curl_mime*) { curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{}"); });
  for (long version : {CURL_HTTP_VERSION_2_0, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE}) {
    send("/images/edits", [&](CURL* curl, curl_mime* form) {
      curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, version);
      edit(curl, form, "large.png");
    });
  }
}
