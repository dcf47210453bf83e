module go.parity

go 1.26.0
