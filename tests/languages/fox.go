package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"time"
)

var client = http.Client{Timeout: 2 * time.Minute} // the default one waits for ever

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// ask is the API's answer; one that says when to come again is asked again then.
func ask(path, contentType string, body []byte) *http.Response {
	for try := 1; ; try++ {
		request, err := http.NewRequest("POST", os.Getenv("OPENAI_BASE_URL")+path, bytes.NewReader(body))
		check(err)
		request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
		request.Header.Set("Content-Type", contentType)
		answer, err := client.Do(request)
		check(err)
		wait, isTold := told(answer.Header)
		if answer.StatusCode != http.StatusTooManyRequests || !isTold || try == 3 {
			return answer
		}
		answer.Body.Close()
		time.Sleep(wait)
	}
}

func told(header http.Header) (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64); err == nil {
		return time.Duration(ms * float64(time.Millisecond)), true
	}
	seconds, err := strconv.ParseFloat(header.Get("Retry-After"), 64)
	return time.Duration(seconds * float64(time.Second)), err == nil
}

func generate(prompt, size string) *http.Response {
	body, err := json.Marshal(map[string]string{"model": "dall-e-2", "prompt": prompt, "size": size})
	check(err)
	return ask("/images/generations", "application/json", body)
}

func edit(prompt, size string) *http.Response {
	var body bytes.Buffer // takes whatever is written, so there are no errors to look at
	form := multipart.NewWriter(&body)
	form.WriteField("model", "dall-e-2")
	form.WriteField("prompt", prompt)
	form.WriteField("size", size)
	for _, name := range []string{"image", "mask"} {
		file, err := os.ReadFile(name + ".png")
		check(err)
		part, _ := form.CreatePart(textproto.MIMEHeader{ // CreateFormFile can't say image/png
			"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%[1]s.png"`, name)},
			"Content-Type":        {"image/png"},
		})
		part.Write(file)
	}
	form.Close()
	return ask("/images/edits", form.FormDataContentType(), body.Bytes())
}

func save(file string, answer *http.Response) {
	defer answer.Body.Close()
	var told struct {
		Data  []struct{ URL string }
		Error struct{ Message string }
	}
	check(json.NewDecoder(answer.Body).Decode(&told))
	if answer.StatusCode != http.StatusOK {
		fmt.Printf("%d: %s\n", answer.StatusCode, told.Error.Message)
		return
	}
	download, err := client.Get(told.Data[0].URL)
	check(err)
	defer download.Body.Close()
	picture, err := io.ReadAll(download.Body)
	check(err)
	is, err := png.DecodeConfig(bytes.NewReader(picture)) // an error where it is no PNG
	check(err)
	check(os.WriteFile(file, picture, 0o644))
	fmt.Printf("%s: %dx%d\n", file, is.Width, is.Height)
}

func main() {
	save("fox.png", generate("a red fox", "256x256"))
	save("edit.png", edit("a café at dusk", "512x512"))
	save("no.png", generate("a red fox", "300x300"))
}
