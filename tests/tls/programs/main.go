package main

import (
	"fmt"
	"net/http"
)

func main() {
	for _, url := range []string{"https://api.openai.com/v1/models", "https://example.com/"} {
		request, _ := http.NewRequest("GET", url, nil)
		request.Header.Set("Authorization", "Bearer sk-mock-me")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(answer.StatusCode)
	}
}
