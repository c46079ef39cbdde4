//! A guard in front of the library, which stops at the first message that it cannot read.
//!
//! Messages pass as they are. In place of one that is no message, the ingress gets a notification
//! that says why, and answers it with an error.

use serde_json::{Value, json};
use std::io;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader,
};
use tower_lsp::jsonrpc::{Request, Response};

/// What stands in place of a message that cannot be read; `params` is the reason.
pub(crate) const UNREADABLE: &str = "$/modelQuantizer/unreadable";

/// Longest message, in bytes. A document of the largest size that is checked has a sixtieth of it.
const MAX_LENGTH: u64 = 64 << 20;

/// Longest line of a header, in bytes.
const MAX_LINE: u64 = 4 << 10;

/// Passes messages on until the input ends.
///
/// # Errors
/// When the output is closed or the input fails.
pub(crate) async fn guard(
    input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut input = BufReader::new(input);
    while let Some(length) = header(&mut input).await? {
        let body = match length {
            Ok(length) => body(&mut input, length).await?,
            Err(reason) => Err(reason),
        };
        let body = body.unwrap_or_else(|reason| notice(&reason));
        let header = format!("Content-Length: {}\r\n\r\n", body.len());
        output.write_all(header.as_bytes()).await?;
        output.write_all(&body).await?;
        output.flush().await?;
    }
    Ok(())
}

/// The length of the next message, or what is wrong with its header; `None` at the end.
async fn header(
    input: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<Option<Result<u64, String>>> {
    let mut length = None;
    let mut empty = true;
    loop {
        let Some(line) = line(input).await? else {
            return Ok((!empty).then(|| Err("the input ends within a header".to_owned())));
        };
        let line = line.trim_end_matches(['\r', '\n']);
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                let value = value.trim();
                length = Some(value.parse().map_err(|_| format!("{value:?} is no length")));
            }
            Some(_) => {}
            None if line.is_empty() && empty => continue,
            None if line.is_empty() => {
                let missing = || Err("the header has no Content-Length".to_owned());
                return Ok(Some(length.unwrap_or_else(missing)));
            }
            None => return Ok(Some(Err("a line is no header of a message".to_owned()))),
        }
        empty = false;
    }
}

/// The next line, cut where it is too long; `None` at the end.
async fn line(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = (&mut *input)
        .take(MAX_LINE)
        .read_until(b'\n', &mut bytes)
        .await?;
    if read == 0 {
        return Ok(None);
    }
    let mut end = bytes.last() == Some(&b'\n');
    while !end {
        let rest = input.fill_buf().await?;
        let stop = rest.iter().position(|&byte| byte == b'\n');
        end = stop.is_some() || rest.is_empty();
        let length = stop.map_or(rest.len(), |stop| stop + 1);
        input.consume(length);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The bytes of a message, or why they are none.
async fn body(
    input: &mut (impl AsyncBufRead + Unpin),
    length: u64,
) -> io::Result<Result<Vec<u8>, String>> {
    let mut message = input.take(length);
    if length > MAX_LENGTH {
        tokio::io::copy(&mut message, &mut tokio::io::sink()).await?;
        return Ok(Err(format!("a message has {length} bytes")));
    }
    let mut body = Vec::new();
    message.read_to_end(&mut body).await?;
    if body.len() as u64 != length {
        return Ok(Err("the input ends within a message".to_owned()));
    }
    let readable = serde_json::from_slice::<Request>(&body).is_ok()
        || serde_json::from_slice::<Response>(&body).is_ok();
    if readable {
        return Ok(Ok(body));
    }
    Ok(Err(match serde_json::from_slice::<Value>(&body) {
        Ok(_) => "a message is neither request nor response".to_owned(),
        Err(error) => format!("a message is not JSON: {error}"),
    }))
}

fn notice(reason: &str) -> Vec<u8> {
    let notice = json!({"jsonrpc": "2.0", "method": UNREADABLE, "params": [reason]});
    notice.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What passes: methods and ids, and reasons in place of messages that cannot be read.
    async fn passed(input: &[u8]) -> Vec<String> {
        let mut output = Vec::new();
        guard(input, &mut output).await.unwrap();
        let mut rest = output.as_slice();
        let mut passed = Vec::new();
        while let Some(Ok(length)) = header(&mut rest).await.unwrap() {
            let length = usize::try_from(length).unwrap();
            let message: Value = serde_json::from_slice(&rest[..length]).unwrap();
            rest = &rest[length..];
            passed.push(if message["method"] == UNREADABLE {
                message["params"][0].as_str().unwrap().to_owned()
            } else {
                format!("{}{}", message["method"], message["id"])
            });
        }
        passed
    }

    #[tokio::test]
    async fn messages_pass_and_damage_is_named() {
        const GOOD: &str = "Content-Length: 33\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"good\"}";
        const PASSED: &str = "\"good\"null";
        let check = async |damage: &str, expected: &[&str]| {
            let input = format!("{GOOD}{damage}{GOOD}");
            let mut all = vec![PASSED];
            all.extend(expected);
            all.push(PASSED);
            assert_eq!(passed(input.as_bytes()).await, all, "{damage:?}");
        };
        check("", &[]).await;
        check("\r\n", &[]).await;
        check(
            "Content-Length: 2\r\n\r\n{}",
            &["a message is neither request nor response"],
        )
        .await;
        let reason = "a message is not JSON: EOF while parsing an object at line 1 column 1";
        check("Content-Length: 1\r\nX: y\r\n\r\n{", &[reason]).await;
        check(
            "content-length:44\n\n{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":[1,2,3,4]}\n",
            &["null7"],
        )
        .await;
        check("hello\r\n", &["a line is no header of a message"]).await;
        check(
            &("x".repeat(10_000) + "\r\n"),
            &["a line is no header of a message"],
        )
        .await;
        check("Content-Length: -1\r\n\r\n", &["\"-1\" is no length"]).await;
        check("X: y\r\n\r\n", &["the header has no Content-Length"]).await;
        assert_eq!(
            passed(b"Content-Length: 9\r\n\r\n{}").await,
            ["the input ends within a message"]
        );
        assert_eq!(
            passed(b"Content-Length: 9").await,
            ["the input ends within a header"]
        );
        let long = format!("Content-Length: {}\r\n\r\n", u64::MAX);
        assert_eq!(
            passed(long.as_bytes()).await,
            [format!("a message has {} bytes", u64::MAX)]
        );
    }
}
