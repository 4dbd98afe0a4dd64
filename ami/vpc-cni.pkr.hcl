# Bakes an image whose nodes need nothing from the network before their first pod. All the work is in one call of
# "vpc-cni install --stage image"; this file only brings the executable there.

packer {
  required_version = ">= 1.6.6"
}

variable "executable" {
  type        = string
  description = "The built executable for the architecture of the image, such as dist/vpc-cni-linux-x64."
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "source_ami" {
  type        = string
  description = "The image to start from."
}

variable "instance_type" {
  type    = string
  default = "t3.small"
}

variable "ssh_username" {
  type        = string
  default     = "ec2-user"
  description = "ec2-user on Amazon Linux, ubuntu on Ubuntu, admin on Debian."
}

variable "plugins_package" {
  type        = string
  default     = "sudo dnf install -y cni-plugins"
  description = "Command that installs the stock CNI plugins; on Debian and Ubuntu: sudo apt-get install -y containernetworking-plugins."
}

source "amazon-ebs" "node" {
  ami_name      = "vpc-cni-node-{{timestamp}}"
  region        = var.region
  source_ami    = var.source_ami
  instance_type = var.instance_type
  ssh_username  = var.ssh_username

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
}

build {
  sources = ["source.amazon-ebs.node"]

  provisioner "file" {
    source      = var.executable
    destination = "/tmp/vpc-cni"
  }

  provisioner "shell" {
    inline = [
      var.plugins_package,
      "chmod 0755 /tmp/vpc-cni",
      "sudo /tmp/vpc-cni install --stage image",
      "rm /tmp/vpc-cni",
    ]
  }
}
