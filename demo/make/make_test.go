package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/workbook"
)

func TestBuild_MakesTheShippedWorkbook(t *testing.T) {
	forum, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	if err := workbook.Write(&made, forum); err != nil {
		t.Fatal(err)
	}
	shipped, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(forum, shipped, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the shipped workbook describes another forum; run go generate ./demo (-made +shipped)\n%s", diff)
	}
	if !bytes.Equal(made.Bytes(), demo.Workbook()) {
		t.Error("the shipped workbook has other bytes; run go generate ./demo")
	}
}

func TestCheapest_FindsTheLeastSum(t *testing.T) {
	cost := [][]int{{4, 1, 3}, {2, 0, 5}, {3, 2, 2}}
	if diff := cmp.Diff([]int{1, 0, 2}, cheapest(cost)); diff != "" {
		t.Error(diff)
	}
}
