// What docs/languages.md says of Go; a line of status, protocol and more for each request.
package main

import (
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
)

func send(path, contentType string, body io.Reader, change func(*http.Request)) {
	request, err := http.NewRequest("POST", os.Getenv("OPENAI_BASE_URL")+path, body)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	request.Header.Set("Content-Type", contentType)
	change(request)
	line := "new line"
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		GotConn: func(on httptrace.GotConnInfo) {
			if on.Reused {
				line = "same line"
			}
		},
	}))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.StatusCode, answer.Proto, line, answer.Uncompressed)
}

// form is written while it is sent, and its length told by nobody.
func form(image string) (io.Reader, string) {
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() {
		form.WriteField("prompt", "x")
		part, _ := form.CreateFormFile("image", `my "photo" é.png`)
		file, err := os.Open(image)
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(part, file)
		form.Close()
		writer.Close()
	}()
	return reader, form.FormDataContentType()
}

func main() {
	as := func(*http.Request) {}
	expecting := func(request *http.Request) { request.Header.Set("Expect", "100-continue") }
	for _, image := range []string{"image.png", "large.png"} {
		body, contentType := form(image)
		send("/images/edits", contentType, body, as)
		body, contentType = form(image)
		send("/images/edits", contentType, body, expecting)
	}
	json := func() io.Reader { return strings.NewReader(`{"prompt": "x"}`) }
	send("/images/nothing", "application/json", json(), expecting) // refused before its body is read
	send("/images/generations", "application/json", json(), as)
	send("/images/generations", "application/json", io.MultiReader(json()), func(request *http.Request) {
		request.Trailer = http.Header{"X-Sum": {"1"}}
	})
}
